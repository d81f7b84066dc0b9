"""The way in which the tokens of a generation are drawn: by plans, or one by one.

A sampler must know it, because it counts recent tokens for its plans. So it stands here, and not
beside the engine that carries out the plans.
"""

from enum import Enum

from textgen.config.generation import GenerationConfig

# The filters that a plan can hold, in the order in which they apply.
IN_PLAN = ("penalties", "top_k", "top_p", "min_p", "temperature")
# Top-p without top-k may put a whole vocabulary in order; a plan does so up to this size.
LARGEST_SORTED = 1024


class SamplingBackend(Enum):
    """The way in which a sampler's tokens are drawn.

    Attributes:
        SIMPLE_GRAPH: by plans without penalties and top-p, several tokens in a call.
        GRAPH: by plans with any filter of `IN_PLAN`, several tokens in a call.
        PYTHON: one by one.
    """

    SIMPLE_GRAPH = "simple graph"
    GRAPH = "graph"
    PYTHON = "python"


def choose_backend(config: GenerationConfig, vocab_size: int) -> SamplingBackend:
    """Return the backend for the active filters and their order."""
    active = config.active_samplers
    sorts_all = "top_p" in active and "top_k" not in active
    if (
        active != tuple(name for name in IN_PLAN if name in active)
        or config.dynatemp_range > 0
        or config.beams > 1
        or (sorts_all and vocab_size > LARGEST_SORTED)
    ):
        return SamplingBackend.PYTHON
    is_simple = not {"penalties", "top_p"} & set(active)
    return SamplingBackend.SIMPLE_GRAPH if is_simple else SamplingBackend.GRAPH
