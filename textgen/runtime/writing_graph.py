"""The graph that writes: a loop which draws a token, feeds it, and draws the next.

A block of tokens comes from one call, because a call from Python costs as much as a step of a
small network. Every operation works on each stream by itself, so a stream's numbers do not depend
on those beside it.
"""

import numpy as np
import onnx
from onnx import TensorProto

from textgen.config.model import ModelConfig
from textgen.runtime.activations import ACTIVATIONS
from textgen.runtime.onnx_graph import Graph, Model, Shape
from textgen.runtime.products import Weights, add_logits, add_product

# The inputs of the first layer are looked up where their table is at most this large.
LARGEST_TABLE = 16 << 20  # bytes


def build_writing_graph(config: ModelConfig, weights: Weights, precision: str) -> Model:
    """Return the graph.

    Its inputs, for K steps and B streams, are `tokens` (B,), which are fed first, `hidden_i` and
    `memory_i` (B, units) for each layer, and the fields of `Draws`: the bias is added to the
    logits; those that are too small are cut, the others divided by the temperature; the largest
    is chosen after the noise was added. Gumbel noise makes that a draw (Maddison, Tarlow and Minka
    2014, section 2).

    Its outputs are `chosen` (K, B), `logits` as the model gave them (K, B, vocabulary), and
    `next_hidden_i`, `next_memory_i`.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32".
    """
    graph = Graph()
    rows: Shape = ["batch", 1]
    tokens = graph.input("tokens", ["batch"], TensorProto.INT64)
    shapes: dict[str, Shape] = {
        f"{kind}_{index}": ["batch", units]
        for index, units in enumerate(config.layer_units)
        for kind in ("hidden", "memory")
    }
    state = [graph.input(name, shape) for name, shape in shapes.items()]
    graph.input("bias", ["batch", config.vocab_size])
    graph.input("top_count", [1], TensorProto.INT64)
    graph.input("top_index", rows, TensorProto.INT64)
    graph.input("keep_all", rows)
    graph.input("log_min_p", rows)
    graph.input("temperature", ["steps", *rows])
    noise = graph.input("noise", ["steps", "batch", config.vocab_size])
    steps = graph.add("Gather", graph.add("Shape", noise), graph.array(np.array(0)))
    always = graph.array(np.array(True))
    body = _body(graph, shapes, config, weights, precision)
    _, *after, chosen, logits = graph.add_many(
        "Loop", steps, always, tokens, *state, outputs=len(state) + 3, body=body
    )
    graph.output(chosen, "chosen", ["steps", "batch"], TensorProto.INT64)
    graph.output(logits, "logits", ["steps", "batch", config.vocab_size])
    for (name, shape), value in zip(shapes.items(), after, strict=True):
        graph.output(value, f"next_{name}", shape)
    return graph.finish()


def _body(
    graph: Graph, shapes: dict[str, Shape], config: ModelConfig, weights: Weights, precision: str
) -> onnx.GraphProto:
    """Return one step: feed a token to each stream, and choose the next."""
    body = Graph(parent=graph)
    step = body.input("step", [], TensorProto.INT64)
    condition = body.input("condition", [], TensorProto.BOOL)
    tokens = body.input("fed", ["batch"], TensorProto.INT64)
    state = [body.input(f"before_{name}", shape) for name, shape in shapes.items()]
    hidden, after = _add_layers(body, tokens, state, config, weights, precision)
    logits = add_logits(body, hidden, config, weights, precision)
    chosen = _add_choice(body, logits, step)
    body.output(condition, "again", [], TensorProto.BOOL)
    body.output(chosen, "next", ["batch"], TensorProto.INT64)
    for (name, shape), value in zip(shapes.items(), after, strict=True):
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
        return graph.add("Gather", graph.array(embeddings @ kernel + bias), tokens)
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
        kind.add(graph, part)
        for kind, part in zip((gate, gate, squash, gate), parts, strict=True)
    )
    kept, written = graph.add("Mul", keep, memory), graph.add("Mul", write, candidate)
    memory = graph.add("Add", kept, written)
    return graph.add("Mul", show, squash.add(graph, memory)), memory


def _add_choice(graph: Graph, logits: str, step: str) -> str:
    """Add the choice of a token: the operations of `textgen.sampling`, and the same numbers."""
    biased = graph.add("Add", logits, "bias")
    largest, _ = graph.add_many("TopK", biased, "top_count", outputs=2, axis=1)
    top = graph.add("Gather", largest, graph.array(np.array([0]), "first"), axis=1)
    kth = graph.add("Add", graph.add("GatherElements", largest, "top_index", axis=1), "keep_all")
    shifted = graph.add("Sub", biased, top)
    cut = graph.add("Or", graph.add("Less", biased, kth), graph.add("Less", shifted, "log_min_p"))
    now = {name: graph.add("Gather", name, step) for name in ("temperature", "noise")}
    scaled = graph.add("Div", shifted, now["temperature"])
    noisy = graph.add("Add", scaled, now["noise"])
    never = graph.array(np.float32(-np.inf), "never")
    kept = graph.add("Where", cut, never, noisy)
    return graph.add("ArgMax", kept, axis=1, keepdims=0)
