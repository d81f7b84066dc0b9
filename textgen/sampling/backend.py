"""Whether a graph draws the tokens of a generation, or Python does."""

from enum import Enum

from textgen.config.generation import GenerationConfig

# The filters that a graph computes by itself, in the order in which it does; and up to which size
# it puts all of a vocabulary in order, which top-p without top-k asks for.
IN_GRAPH = ("penalties", "top_k", "top_p", "min_p", "temperature")
LARGEST_SORTED = 1024


class SamplingBackend(Enum):
    """How a sampler's tokens are drawn."""

    SIMPLE_GRAPH = "by the graph without penalties and top-p"
    GRAPH = "by the graph with all filters that a graph has"
    PYTHON = "one by one"


def choose_backend(config: GenerationConfig, vocab_size: int) -> SamplingBackend:
    """Return the way for the filters that are on, and their order."""
    active = config.active_samplers
    sorts_all = "top_p" in active and "top_k" not in active
    if (
        active != tuple(name for name in IN_GRAPH if name in active)
        or config.dynatemp_range > 0
        or config.beams > 1
        or (sorts_all and vocab_size > LARGEST_SORTED)
    ):
        return SamplingBackend.PYTHON
    is_simple = not {"penalties", "top_p"} & set(active)
    return SamplingBackend.SIMPLE_GRAPH if is_simple else SamplingBackend.GRAPH
