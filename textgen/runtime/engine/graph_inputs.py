"""The sampling inputs of the decode graphs, each described once.

A graph declares its inputs from the fields below (`declare_inputs`), and a call fills the same
fields with arrays (`fill_inputs`). There are two graphs: the simple one has no penalties and no
top-p, which take time even where they change nothing; the full one has all filters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from onnx import helper

from textgen.runtime.engine.onnx_graph import Graph
from textgen.sampling.noise import gumbel
from textgen.sampling.plan import NEVER, NO_TOKEN, Penalties, SamplingPlan

Array = NDArray[Any]
Value = TypeVar("Value")
Shape = tuple[int | str, ...]
ROW: Shape = ("batch", 1)
ROWS: Shape = ("steps", *ROW)
LOGITS: Shape = ("batch", "vocabulary")
# Number of largest logits that are put in order for top-p, before all are.
FEW = 32


def _spec(shape: Shape, doc: str, dtype: DTypeLike = np.float32) -> dict[str, Any]:
    """Return the metadata of a field: shape, meaning and number format of a graph input."""
    return {"shape": shape, "doc": doc, "dtype": np.dtype(dtype)}


@dataclass(frozen=True, kw_only=True)
class GraphInputs(Generic[Value]):
    """The inputs of every decode graph, for several streams ("batch") and steps.

    The values of a `GraphInputs[str]` are names within a graph, those of a `GraphInputs[Array]`
    the arrays of a call. The metadata of a field holds shape, meaning and number format. A largest
    logit with Gumbel noise is a draw (Maddison, Tarlow and Minka 2014, section 2).
    """

    bias: Value = field(metadata=_spec(LOGITS, "added to the logits; -inf bans a token"))
    top_count: Value = field(metadata=_spec((1,), "largest logits to put in order", np.int64))
    top_index: Value = field(metadata=_spec(ROW, "rank of the last logit top-k keeps", np.int64))
    keep_all: Value = field(metadata=_spec(ROW, "-inf where top-k is off, else 0"))
    log_min_p: Value = field(metadata=_spec(ROW, "logits further below the largest are cut"))
    temperature: Value = field(metadata=_spec(ROWS, "divides the logits; 1 where greedy"))
    noise: Value = field(metadata=_spec(("steps", *LOGITS), "Gumbel noise; 0 where greedy"))
    forced: Value = field(
        metadata=_spec(("steps", "batch"), "token to choose in any case; -1 is none", np.int64)
    )


@dataclass(frozen=True, kw_only=True)
class FullGraphInputs(GraphInputs[Value]):
    """The inputs of the decode graph that has penalties and top-p, too."""

    counts: Value = field(metadata=_spec(LOGITS, "occurrences among the recent tokens"))
    entered: Value = field(metadata=_spec(ROWS, "1 where a step's token becomes recent, else 0"))
    leaving: Value = field(metadata=_spec(ROWS, "token that is recent no more", np.int64))
    left: Value = field(metadata=_spec(ROWS, "-1 where a token leaves, else 0"))
    repetition: Value = field(metadata=_spec(ROW, "repetition penalty; 1 is off"))
    presence: Value = field(metadata=_spec(ROW, "presence penalty; 0 is off"))
    frequency: Value = field(metadata=_spec(ROW, "frequency penalty; 0 is off"))
    top_p: Value = field(metadata=_spec(ROW, "probability that top-p keeps", np.float64))
    uses_top_p: Value = field(metadata=_spec(ROW, "whether top-p is on", np.bool_))
    keep_tail: Value = field(metadata=_spec(ROW, "-inf where top-p is off, else 0"))


def declare_inputs(graph: Graph, vocab_size: int, *, is_simple: bool) -> GraphInputs[str]:
    """Declare the inputs of a decode graph, and return their names in it.

    Args:
        graph: the graph.
        vocab_size: the length of the axes called "vocabulary".
        is_simple: whether the graph has neither penalties nor top-p.
    """
    kind: type[GraphInputs[str]] = GraphInputs if is_simple else FullGraphInputs
    names = {}
    for described in fields(kind):
        shape = [vocab_size if n == "vocabulary" else n for n in described.metadata["shape"]]
        element = helper.np_dtype_to_tensor_dtype(described.metadata["dtype"])
        names[described.name] = graph.input(described.name, shape, element)
    return kind(**names)


def fill_inputs(plans: Sequence[SamplingPlan]) -> GraphInputs[Array]:
    """Return the inputs for several streams; all plans must have the same number of steps.

    They are those of the full graph if one stream needs it. A stream's tokens are the same with
    either graph.
    """
    simple = _simple_inputs(plans)
    return simple if all(plan.is_simple for plan in plans) else _full_inputs(simple, plans)


@lru_cache(maxsize=1)
def greedy_inputs(streams: int, vocab_size: int) -> GraphInputs[Array]:
    """Return the inputs that choose the likeliest token, for one step of some streams.

    The last result is kept: graphs do not change their inputs, and texts go on step by step.
    """
    zeros = np.zeros((streams, vocab_size), np.float32)
    row = (streams, 1)
    return GraphInputs(
        bias=zeros,
        top_count=np.ones(1, np.int64),
        top_index=np.zeros(row, np.int64),
        keep_all=np.full(row, NEVER),
        log_min_p=np.full(row, NEVER),
        temperature=np.ones((1, *row), np.float32),
        noise=zeros[None],
        forced=np.full((1, streams), NO_TOKEN),
    )


def _simple_inputs(plans: Sequence[SamplingPlan]) -> GraphInputs[Array]:
    """Return the inputs that both graphs have."""
    temperature, noise = _temperature_and_noise(plans)
    count = _column((_sorted_count(plan) for plan in plans), np.int64)
    return GraphInputs(
        bias=np.stack([plan.bias for plan in plans]),
        top_count=count.max(axis=0),
        top_index=count - 1,
        keep_all=_column((0 if plan.top_k else -np.inf for plan in plans), np.float32),
        log_min_p=_column((plan.log_min_p for plan in plans), np.float32),
        temperature=temperature,
        noise=noise,
        forced=np.stack([plan.forced for plan in plans], axis=1),
    )


def _full_inputs(
    simple: GraphInputs[Array], plans: Sequence[SamplingPlan]
) -> FullGraphInputs[Array]:
    """Add the inputs of the full graph; streams without penalties and top-p get neutral values."""
    steps, vocab_size = plans[0].bits.shape
    penalties = [plan.penalties or Penalties.none(steps, vocab_size) for plan in plans]
    leaving = np.stack([penalty.leaving for penalty in penalties], axis=1)[:, :, None]
    top_p = _column((plan.top_p for plan in plans), np.float64)
    return FullGraphInputs(
        **vars(simple),
        counts=np.stack([penalty.counts for penalty in penalties]).astype(np.float32),
        entered=(simple.forced == NO_TOKEN)[:, :, None].astype(np.float32),
        leaving=np.maximum(leaving, 0),
        left=np.where(leaving >= 0, np.float32(-1), np.float32(0)),
        repetition=_column((penalty.repetition for penalty in penalties), np.float32),
        presence=_column((penalty.presence for penalty in penalties), np.float32),
        frequency=_column((penalty.frequency for penalty in penalties), np.float32),
        top_p=top_p,
        uses_top_p=top_p < 1,
        keep_tail=np.where(top_p < 1, np.float32(0), NEVER),
    )


def _temperature_and_noise(plans: Sequence[SamplingPlan]) -> tuple[Array, Array]:
    """Return divisors of the logits and Gumbel noise; 1 and 0 for greedy tokens."""
    temperature = np.stack([plan.temperature for plan in plans], axis=1)[:, :, None]
    noise = gumbel(np.stack([plan.bits for plan in plans], axis=1))
    is_random = temperature > 0
    if is_random.all():
        return temperature, noise
    return (
        np.where(is_random, temperature, np.float32(1)),
        np.where(is_random, noise, np.float32(0)),
    )


def _sorted_count(plan: SamplingPlan) -> int:
    """Return how many of the largest logits have to be put in order for a stream."""
    vocab_size = len(plan.bias)
    if not plan.top_k:
        return 1 if plan.top_p == 1 else min(FEW, vocab_size)
    return min(plan.top_k, vocab_size)


def _column(numbers: Iterable[float], dtype: DTypeLike) -> Array:
    """Return one number for each stream, of shape (batch, 1)."""
    return np.array([[number] for number in numbers], dtype)
