"""Choosing a token within a graph: the operations of `textgen.sampling`, with the same numbers.

The inputs are the fields of `GraphInputs` and `FullGraphInputs`, which describe each of them.
"""

import numpy as np
from onnx import TensorProto

from textgen.runtime.engine.graph_inputs import FullGraphInputs, GraphInputs
from textgen.runtime.engine.onnx_graph import Graph, Shape
from textgen.sampling.plan import NEVER

ROWS: Shape = ["batch", 1]


def add_choice(graph: Graph, logits: str, step: str, inputs: GraphInputs[str]) -> str:
    """Add the choice of a token to the body of a loop.

    Args:
        graph: the body.
        logits: of the model, (B, vocabulary).
        step: the number of the step.
        inputs: names of the graph's inputs; `counts` is the loop's value of them.

    Returns:
        the token, (B,).
    """
    logits = graph.add("Add", logits, inputs.bias)
    if isinstance(inputs, FullGraphInputs):
        logits = _add_penalties(graph, logits, inputs)
    largest, _ = graph.add_many("TopK", logits, inputs.top_count, outputs=2, axis=1)
    top = graph.add("Gather", largest, graph.array(np.array([0]), "first"), axis=1)
    kth = graph.add("GatherElements", largest, inputs.top_index, axis=1)
    kth = graph.add("Add", kth, inputs.keep_all)
    shifted = graph.add("Sub", logits, top)
    rest = graph.add("Less", logits, kth)
    cut = graph.add("Or", rest, graph.add("Less", shifted, inputs.log_min_p))
    if isinstance(inputs, FullGraphInputs):
        border = _add_top_p(graph, largest, top, shifted, rest, inputs)
        cut = graph.add("Or", cut, graph.add("Less", shifted, border))
    kept = graph.add(
        "Where", cut, graph.array(NEVER, "never"), _noisy(graph, shifted, step, inputs)
    )
    drawn = graph.add("ArgMax", kept, axis=1, keepdims=0)
    forced = graph.add("Gather", inputs.forced, step)
    is_free = graph.add("Less", forced, graph.array(np.array(0)))
    return graph.add("Where", is_free, drawn, forced)


def add_counts(graph: Graph, chosen: str, step: str, inputs: FullGraphInputs[str]) -> str:
    """Add the counts of recent tokens after a step; one token may leave them.

    Args:
        graph: the body of the loop.
        chosen: the token of the step, (B,).
        step: the number of the step.
        inputs: names of the graph's inputs; `counts` is the loop's value before the step.

    Returns:
        the counts, (B, vocabulary).
    """
    column = graph.add("Unsqueeze", chosen, graph.array(np.array([1]), "second"))
    names = (inputs.entered, inputs.leaving, inputs.left)
    entered, leaving, left = (graph.add("Gather", name, step) for name in names)
    counts = graph.add("ScatterElements", inputs.counts, column, entered, axis=1, reduction="add")
    return graph.add("ScatterElements", counts, leaving, left, axis=1, reduction="add")


def _noisy(graph: Graph, logits: str, step: str, inputs: GraphInputs[str]) -> str:
    """Add a step's temperature and noise to logits."""
    temperature, noise = (
        graph.add("Gather", name, step) for name in (inputs.temperature, inputs.noise)
    )
    return graph.add("Add", graph.add("Div", logits, temperature), noise)


def _add_penalties(graph: Graph, logits: str, inputs: FullGraphInputs[str]) -> str:
    """Add the penalties on recent tokens; see `sampling.penalties`."""
    zero = graph.array(np.float32(0), "zero")
    divided, multiplied = (graph.add(name, logits, inputs.repetition) for name in ("Div", "Mul"))
    lowered = graph.add("Where", graph.add("Greater", logits, zero), divided, multiplied)
    penalty = graph.add("Add", graph.add("Mul", inputs.counts, inputs.frequency), inputs.presence)
    is_recent = graph.add("Greater", inputs.counts, zero)
    return graph.add("Where", is_recent, graph.add("Sub", lowered, penalty), logits)


def _add_top_p(
    graph: Graph, largest: str, top: str, shifted: str, rest: str, inputs: FullGraphInputs[str]
) -> str:
    """Add the smallest logit, less the largest, that top-p keeps.

    The computation is that of `sampling.filters.apply_top_p`. The few largest logits in order are
    nearly always enough. Where they are not, all are put in order.

    Args:
        graph: the body of the loop.
        largest: the largest logits in order, (B, top_count).
        top: the largest, (B, 1).
        shifted: all logits, less the largest, (B, vocabulary).
        rest: those that top-k cuts, (B, vocabulary).
        inputs: names of the graph's inputs.
    """
    weights = graph.add("Exp", graph.add("Cast", shifted, to=TensorProto.DOUBLE))
    nothing, second = graph.array(np.float64(0), "nothing"), graph.array(np.array([1]), "second")
    kept = graph.add("Where", rest, nothing, weights)
    needed = graph.add("Mul", graph.add("ReduceSum", kept, second), inputs.top_p)
    border, is_short = _add_crossing(graph, graph.add("Sub", largest, top), needed, inputs)
    by_few, by_all = Graph(parent=graph), Graph(parent=graph)
    by_few.output(border, "border_of_few", ROWS)
    everything = by_all.add("Shape", shifted, start=1)
    in_order, _ = by_all.add_many("TopK", shifted, everything, outputs=2, axis=1)
    by_all.output(_add_crossing(by_all, in_order, needed, inputs)[0], "border_of_all", ROWS)
    border = graph.add("If", is_short, then_branch=by_all.as_body(), else_branch=by_few.as_body())
    return graph.add("Add", border, inputs.keep_tail)


def _add_crossing(
    graph: Graph, in_order: str, needed: str, inputs: FullGraphInputs[str]
) -> tuple[str, str]:
    """Add the first logit in order at which the sum of weights reaches a bound.

    Sums go from the likeliest token on, one by one, so that more logits behind change nothing.

    Args:
        graph: the body of the loop, or a branch in it.
        in_order: logits, less the largest, in descending order, (B, count).
        needed: the bound, (B, 1).
        inputs: names of the graph's inputs.

    Returns:
        the logit, (B, 1), and whether the sum of some stream stays below its bound.
    """
    second = graph.array(np.array([1]), "second")
    weights = graph.add("Exp", graph.add("Cast", in_order, to=TensorProto.DOUBLE))
    sums = graph.add("CumSum", weights, graph.array(np.array(1), "along"))
    below = graph.add("Cast", graph.add("Less", sums, needed), to=TensorProto.INT64)
    crossing = graph.add("ReduceSum", below, second)
    last = graph.add("Sub", graph.add("Shape", in_order, start=1), second)
    number = graph.add("GatherElements", in_order, graph.add("Min", crossing, last), axis=1)
    beyond = graph.add("And", graph.add("Greater", crossing, last), inputs.uses_top_p)
    any_beyond = graph.add("ReduceMax", graph.add("Cast", beyond, to=TensorProto.INT64), keepdims=0)
    return number, graph.add("Cast", any_beyond, to=TensorProto.BOOL)
