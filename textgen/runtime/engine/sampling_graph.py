"""Choosing a token within a graph: the operations of `textgen.sampling`, and the same numbers.

The inputs are fields of `Draws`, for B streams (and K steps, where it is said):

- `bias` (B, vocabulary), added to the logits;
- `top_count` (1,), how many of the largest logits are looked at; those smaller than the one at
  `top_index` (B, 1) are cut, unless `keep_all` (B, 1) is minus infinity;
- `log_min_p` (B, 1), above the largest, below which a logit is cut;
- `temperature` (K, B, 1), that the others are divided by, and `noise` (K, B, vocabulary), that is
  added. The largest is chosen; Gumbel noise makes that a draw (Maddison, Tarlow and Minka 2014,
  section 2);
- `forced` (K, B), the token that is chosen instead, unless it is below 0.

The graph that is not simple has more:

- `counts` (B, vocabulary) of the recent tokens; `entered` (K, B, 1) one where the token of a step
  becomes recent, or zero; `leaving` (K, B, 1) the token that is recent no more after a step, and
  `left` (K, B, 1) minus one, or zero if none is;
- `repetition`, `presence` and `frequency` (B, 1), the penalties on recent tokens;
- `top_p` (B, 1), in double precision, `uses_top_p` (B, 1), and `keep_tail` (B, 1), minus infinity
  where it is off.
"""

import numpy as np
from onnx import TensorProto

from textgen.runtime.engine.onnx_graph import Graph, Shape
from textgen.sampling.plan import NEVER

ROWS: Shape = ["batch", 1]


def declare_inputs(graph: Graph, vocab_size: int, *, is_simple: bool) -> None:
    """Declare the inputs that a choice needs."""
    all_tokens: Shape = ["batch", vocab_size]
    graph.input("bias", all_tokens)
    graph.input("top_count", [1], TensorProto.INT64)
    graph.input("top_index", ROWS, TensorProto.INT64)
    graph.input("keep_all", ROWS)
    graph.input("log_min_p", ROWS)
    graph.input("temperature", ["steps", *ROWS])
    graph.input("noise", ["steps", *all_tokens])
    graph.input("forced", ["steps", "batch"], TensorProto.INT64)
    if is_simple:
        return
    graph.input("leaving", ["steps", *ROWS], TensorProto.INT64)
    graph.input("left", ["steps", *ROWS])
    graph.input("top_p", ROWS, TensorProto.DOUBLE)
    graph.input("uses_top_p", ROWS, TensorProto.BOOL)
    graph.input("entered", ["steps", *ROWS])
    for name in ("repetition", "presence", "frequency", "keep_tail"):
        graph.input(name, ROWS)


def add_choice(graph: Graph, logits: str, step: str, *, is_simple: bool) -> str:
    """Add the choice of a token to the body of a loop.

    Args:
        graph: the body; if it is not simple, `recent` is its value of the counts.
        logits: of the model, (B, vocabulary).
        step: the number of the step.
        is_simple: whether there are neither penalties nor top-p.

    Returns:
        the token, (B,).
    """
    logits = graph.add("Add", logits, "bias")
    if not is_simple:
        logits = _add_penalties(graph, logits)
    largest, _ = graph.add_many("TopK", logits, "top_count", outputs=2, axis=1)
    top = graph.add("Gather", largest, graph.array(np.array([0]), "first"), axis=1)
    kth = graph.add("Add", graph.add("GatherElements", largest, "top_index", axis=1), "keep_all")
    shifted = graph.add("Sub", logits, top)
    rest = graph.add("Less", logits, kth)
    cut = graph.add("Or", rest, graph.add("Less", shifted, "log_min_p"))
    if not is_simple:
        border = _add_top_p(graph, largest, top, shifted, rest)
        cut = graph.add("Or", cut, graph.add("Less", shifted, border))
    now = {name: graph.add("Gather", name, step) for name in ("temperature", "noise")}
    noisy = graph.add("Add", graph.add("Div", shifted, now["temperature"]), now["noise"])
    kept = graph.add("Where", cut, graph.array(NEVER, "never"), noisy)
    drawn = graph.add("ArgMax", kept, axis=1, keepdims=0)
    forced = graph.add("Gather", "forced", step)
    is_free = graph.add("Less", forced, graph.array(np.array(0)))
    return graph.add("Where", is_free, drawn, forced)


def add_recent(graph: Graph, chosen: str, step: str) -> str:
    """Add the counts of recent tokens after a token was chosen; one may be too far back now."""
    column = graph.add("Unsqueeze", chosen, graph.array(np.array([1]), "second"))
    names = ("entered", "leaving", "left")
    entered, leaving, left = (graph.add("Gather", name, step) for name in names)
    counts = graph.add("ScatterElements", "recent", column, entered, axis=1, reduction="add")
    return graph.add("ScatterElements", counts, leaving, left, axis=1, reduction="add")


def _add_penalties(graph: Graph, logits: str) -> str:
    """Add the penalties on recent tokens; see `sampling.penalties`."""
    zero = graph.array(np.float32(0), "zero")
    divided, multiplied = (graph.add(name, logits, "repetition") for name in ("Div", "Mul"))
    lowered = graph.add("Where", graph.add("Greater", logits, zero), divided, multiplied)
    penalty = graph.add("Add", graph.add("Mul", "recent", "frequency"), "presence")
    is_recent = graph.add("Greater", "recent", zero)
    return graph.add("Where", is_recent, graph.add("Sub", lowered, penalty), logits)


def _add_top_p(graph: Graph, largest: str, top: str, shifted: str, rest: str) -> str:
    """Add how far below the largest top-p keeps logits; see `sampling.filters.apply_top_p`.

    The few largest in order are nearly always enough. Where they are not, all are put in order.

    Args:
        graph: the body of the loop.
        largest: the largest logits in order, (B, top_count).
        top: the largest, (B, 1).
        shifted: all logits, less the largest, (B, vocabulary).
        rest: which of them top-k cuts.
    """
    weights = graph.add("Exp", graph.add("Cast", shifted, to=TensorProto.DOUBLE))
    nothing, second = graph.array(np.float64(0), "nothing"), graph.array(np.array([1]), "second")
    kept = graph.add("Where", rest, nothing, weights)
    needed = graph.add("Mul", graph.add("ReduceSum", kept, second), "top_p")
    border, is_short = _add_crossing(graph, graph.add("Sub", largest, top), needed)
    by_few, by_all = Graph(parent=graph), Graph(parent=graph)
    by_few.output(border, "border_of_few", ROWS)
    everything = by_all.add("Shape", shifted, start=1)
    in_order, _ = by_all.add_many("TopK", shifted, everything, outputs=2, axis=1)
    by_all.output(_add_crossing(by_all, in_order, needed)[0], "border_of_all", ROWS)
    border = graph.add("If", is_short, then_branch=by_all.as_body(), else_branch=by_few.as_body())
    return graph.add("Add", border, "keep_tail")


def _add_crossing(graph: Graph, in_order: str, needed: str) -> tuple[str, str]:
    """Add the first of the numbers in order whose weights reach what is needed.

    Sums go from the likeliest on, one by one, so that more numbers behind change nothing.

    Returns:
        the number, (B, 1), and whether the numbers of some stream do not reach it.
    """
    second = graph.array(np.array([1]), "second")
    weights = graph.add("Exp", graph.add("Cast", in_order, to=TensorProto.DOUBLE))
    sums = graph.add("CumSum", weights, graph.array(np.array(1), "along"))
    below = graph.add("Cast", graph.add("Less", sums, needed), to=TensorProto.INT64)
    crossing = graph.add("ReduceSum", below, second)
    last = graph.add("Sub", graph.add("Shape", in_order, start=1), second)
    number = graph.add("GatherElements", in_order, graph.add("Min", crossing, last), axis=1)
    beyond = graph.add("And", graph.add("Greater", crossing, last), "uses_top_p")
    any_beyond = graph.add("ReduceMax", graph.add("Cast", beyond, to=TensorProto.INT64), keepdims=0)
    return number, graph.add("Cast", any_beyond, to=TensorProto.BOOL)
