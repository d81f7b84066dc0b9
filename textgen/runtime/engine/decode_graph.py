"""The graph that writes: a loop which draws a token, feeds it, and draws the next.

A block of tokens comes from one call, because a call from Python costs as much as a step of a
small network. Every operation works on each stream by itself, so a stream's numbers do not depend
on those beside it.
"""

import numpy as np
import onnx
from onnx import TensorProto

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.activations import ACTIVATIONS
from textgen.runtime.engine.onnx_graph import Graph, GraphModel, Shape
from textgen.runtime.engine.quantized_matmul import add_logits, add_product
from textgen.runtime.engine.sampling_graph import add_choice, add_recent, declare_inputs

# The projected inputs of the first layer come from a table, if it is at most this large.
LARGEST_TABLE = 16 << 20  # bytes


def build_decode_graph(
    config: ModelConfig, weights: Weights, precision: str, *, is_simple: bool
) -> GraphModel:
    """Return the graph.

    Its inputs, for K steps and B streams, are `tokens` (B,), which are fed first, `hidden_i` and
    `memory_i` (B, units) for each layer, and those of `choice`. Its outputs are `chosen` (K, B),
    `logits` as the model gave them (K, B, vocabulary), and `next_hidden_i`, `next_memory_i`.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32".
        is_simple: whether it can do without penalties and top-p, which take their time even where
            they change nothing.
    """
    graph, vocab_size = Graph(), config.vocab_size
    tokens = graph.input("tokens", ["batch"], TensorProto.INT64)
    carried: dict[str, Shape] = {
        f"{kind}_{index}": ["batch", units]
        for index, units in enumerate(config.layer_units)
        for kind in ("hidden", "memory")
    }
    outputs = [f"next_{name}" for name in carried]
    if not is_simple:
        carried["counts"] = ["batch", vocab_size]
    first = [graph.input(name, shape) for name, shape in carried.items()]
    declare_inputs(graph, vocab_size, is_simple=is_simple)
    steps = graph.add("Gather", graph.add("Shape", "noise"), graph.array(np.array(0)))
    always = graph.array(np.array(True))
    body = _body(graph, carried, config, weights, precision, is_simple=is_simple)
    _, *after, chosen, logits = graph.add_many(
        "Loop", steps, always, tokens, *first, outputs=len(first) + 3, body=body
    )
    graph.output(chosen, "chosen", ["steps", "batch"], TensorProto.INT64)
    graph.output(logits, "logits", ["steps", "batch", vocab_size])
    for name, value, shape in zip(outputs, after, carried.values(), strict=False):
        graph.output(value, name, shape)
    return graph.finish()


def _body(
    graph: Graph,
    carried: dict[str, Shape],
    config: ModelConfig,
    weights: Weights,
    precision: str,
    *,
    is_simple: bool,
) -> onnx.GraphProto:
    """Return one step: feed a token to each stream, and choose the next."""
    body = Graph(parent=graph)
    step = body.input("step", [], TensorProto.INT64)
    condition = body.input("condition", [], TensorProto.BOOL)
    tokens = body.input("fed", ["batch"], TensorProto.INT64)
    names = {name: "recent" if name == "counts" else f"before_{name}" for name in carried}
    before = [body.input(names[name], shape) for name, shape in carried.items()]
    hidden, after = _add_layers(body, tokens, before, config, weights, precision)
    logits = add_logits(body, hidden, config, weights, precision)
    chosen = add_choice(body, logits, step, is_simple=is_simple)
    if not is_simple:
        after.append(add_recent(body, chosen, step))
    body.output(condition, "again", [], TensorProto.BOOL)
    body.output(chosen, "next", ["batch"], TensorProto.INT64)
    for (name, shape), value in zip(carried.items(), after, strict=True):
        body.output(value, f"after_{name}", shape)
    body.output(chosen, "kept", ["batch"], TensorProto.INT64)
    body.output(logits, "kept_logits", ["batch", config.vocab_size])
    return body.as_body()


def _add_layers(
    graph: Graph,
    tokens: str,
    state: list[str],
    config: ModelConfig,
    weights: Weights,
    precision: str,
) -> tuple[str, list[str]]:
    """Add all LSTM layers; return the last hidden state and the next state of all."""
    after: list[str] = []
    gates = _add_first_inputs(graph, tokens, config, weights, precision)
    for index in range(len(config.layer_units)):
        hidden, memory = state[2 * index : 2 * index + 2]
        own = {part: weights[f"lstm_{index}.{part}"] for part in ("kernel", "recurrent_kernel")}
        name = f"lstm_{index}"
        if index == 0:
            recurrent = add_product(graph, hidden, own["recurrent_kernel"], name, precision)
        else:  # one product for both inputs: the layer below has hidden states, too
            both = graph.add("Concat", after[-2], hidden, axis=1)
            matrix = np.concatenate([own["kernel"], own["recurrent_kernel"]])
            recurrent = add_product(graph, both, matrix, name, precision)
            gates = graph.array(weights[f"{name}.bias"])
        gates = graph.add("Add", recurrent, gates)
        after += _add_cell(graph, gates, memory, *config.layer_activations[index])
    return after[-2], after


def _add_first_inputs(
    graph: Graph, tokens: str, config: ModelConfig, weights: Weights, precision: str
) -> str:
    """Add the inputs of the first layer's gates, looked up where the table is small."""
    embeddings = np.float32(config.embedding_scale) * weights["embedding.embeddings"]
    kernel, bias = weights["lstm_0.kernel"], weights["lstm_0.bias"]
    if config.vocab_size * bias.nbytes <= LARGEST_TABLE:
        with np.errstate(over="ignore", invalid="ignore"):  # weights of a run about to diverge
            table = embeddings @ kernel + bias
        return graph.add("Gather", graph.array(table), tokens)
    rows = graph.add("Gather", graph.array(embeddings), tokens)
    product = add_product(graph, rows, kernel, "lstm_0.kernel", precision)
    return graph.add("Add", product, graph.array(bias))


def _add_cell(
    graph: Graph, gates: str, memory: str, activation: str, recurrent_activation: str
) -> tuple[str, str]:
    """Add the LSTM cell (Hochreiter and Schmidhuber 1997; Gers et al. 2000) to its gates.

    Args:
        graph: the graph.
        gates: before their activations, in Keras's order: input, forget, cell, output.
        memory: the cell state.
        activation: of cell and output.
        recurrent_activation: of the gates.

    Returns:
        the next hidden and cell state.
    """
    squash, gate = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    parts = graph.add_many("Split", gates, outputs=4, axis=1)
    write, keep, candidate, show = (
        kind.add(graph, part) for kind, part in zip((gate, gate, squash, gate), parts, strict=True)
    )
    kept, written = graph.add("Mul", keep, memory), graph.add("Mul", write, candidate)
    memory = graph.add("Add", kept, written)
    return graph.add("Mul", show, squash.add(graph, memory)), memory
