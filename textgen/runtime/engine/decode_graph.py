"""The decode graph: a loop that feeds a token to each stream and chooses the next one.

One call gives a block of tokens, because a call from Python costs as much as a step of a small
network. Every operation works on each stream by itself, so a stream's numbers do not depend on
the streams beside it.
"""

from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.cell_graphs import CELL_GRAPHS, LayerWeights
from textgen.runtime.engine.graph_inputs import FullGraphInputs, GraphInputs, declare_inputs
from textgen.runtime.engine.onnx_graph import Graph, GraphModel, Shape, next_name
from textgen.runtime.engine.quantized_matmul import add_logits, add_product
from textgen.runtime.engine.sampling_graph import add_choice, add_counts

TOKENS, CHOSEN, LOGITS = "tokens", "chosen", "logits"  # names of inputs and outputs

# The projected inputs of the first layer come from a table, if it is at most this large.
LARGEST_TABLE = 16 << 20  # bytes


def build_decode_graph(
    config: ModelConfig, weights: Weights, precision: str, *, is_simple: bool
) -> GraphModel:
    """Return the graph.

    Its inputs, for K steps and B streams, are `TOKENS` (B,), which are fed first, the states of
    `config.state_units()`, each (B, units), and those of `GraphInputs`. Its outputs are `CHOSEN`
    (K, B), `LOGITS` as the model gave them (K, B, vocabulary), and the `next_name` of each state.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        precision: "int8" or "fp32".
        is_simple: whether the graph does without penalties and top-p, which take time even where
            they change nothing.
    """
    graph, vocab_size = Graph(), config.vocab_size
    tokens = graph.input(TOKENS, ["batch"], TensorProto.INT64)
    states: dict[str, Shape] = {
        name: ["batch", units] for name, units in config.state_units().items()
    }
    carried = [graph.input(name, shape) for name, shape in states.items()]
    inputs = declare_inputs(graph, vocab_size, is_simple=is_simple)
    if isinstance(inputs, FullGraphInputs):
        carried.append(inputs.counts)
    steps = graph.add("Gather", graph.add("Shape", inputs.noise), graph.array(np.array(0)))
    always = graph.array(np.array(True))
    body = _body(graph, states, inputs, config, weights, precision)
    _, *after, chosen, logits = graph.add_many(
        "Loop", steps, always, tokens, *carried, outputs=len(carried) + 3, body=body
    )
    graph.output(chosen, CHOSEN, ["steps", "batch"], TensorProto.INT64)
    graph.output(logits, LOGITS, ["steps", "batch", vocab_size])
    for (name, shape), value in zip(states.items(), after, strict=False):
        graph.output(value, next_name(name), shape)
    return graph.finish()


def _body(
    graph: Graph,
    states: dict[str, Shape],
    inputs: GraphInputs[str],
    config: ModelConfig,
    weights: Weights,
    precision: str,
) -> onnx.GraphProto:
    """Return one step: feed a token to each stream, and choose the next."""
    body = Graph(parent=graph)
    step = body.input("step", [], TensorProto.INT64)
    condition = body.input("condition", [], TensorProto.BOOL)
    tokens = body.input("fed", ["batch"], TensorProto.INT64)
    before = [body.input(f"before_{name}", shape) for name, shape in states.items()]
    all_tokens: Shape = ["batch", config.vocab_size]
    if isinstance(inputs, FullGraphInputs):
        inputs = replace(inputs, counts=body.input("before_counts", all_tokens))
    hidden, after = _add_layers(body, tokens, before, config, weights, precision)
    logits = add_logits(body, hidden, config, weights, precision)
    chosen = add_choice(body, logits, step, inputs)
    body.output(condition, "again", [], TensorProto.BOOL)
    body.output(chosen, "next", ["batch"], TensorProto.INT64)
    for (name, shape), value in zip(states.items(), after, strict=True):
        body.output(value, f"after_{name}", shape)
    if isinstance(inputs, FullGraphInputs):
        counts = add_counts(body, chosen, step, inputs)
        body.output(counts, "after_counts", all_tokens)
    body.output(chosen, "kept", ["batch"], TensorProto.INT64)
    body.output(logits, "kept_logits", all_tokens)
    return body.as_body()


def _add_layers(
    graph: Graph,
    tokens: str,
    state: list[str],
    config: ModelConfig,
    weights: Weights,
    precision: str,
) -> tuple[str, list[str]]:
    """Add all recurrent layers; return the last one's output, and the next states of all."""
    cell = config.recurrent_cell
    add_step, count = CELL_GRAPHS[cell.name].add_step, len(cell.states)
    outputs = _add_first_inputs(graph, tokens, config, weights, precision)
    after: list[str] = []
    for index in range(len(config.layer_units)):
        layer = LayerWeights.from_model(config, weights, index, precision)
        before = state[len(after) : len(after) + count]
        states = add_step(graph, layer, outputs, before, is_projected=index == 0)
        outputs = states[0]
        after += states
    return outputs, after


def _add_first_inputs(
    graph: Graph, tokens: str, config: ModelConfig, weights: Weights, precision: str
) -> str:
    """Add the projected inputs of the first layer, looked up where their table is small."""
    layer = LayerWeights.from_model(config, weights, 0, precision)
    embeddings = np.float32(config.embedding_scale) * weights["embedding.embeddings"]
    if config.vocab_size * layer.bias.nbytes <= LARGEST_TABLE:
        with np.errstate(over="ignore", invalid="ignore"):  # weights of a run about to diverge
            table = embeddings @ layer.kernel + layer.bias
        return graph.add("Gather", graph.array(table), tokens)
    rows = graph.add("Gather", graph.array(embeddings), tokens)
    product = add_product(graph, rows, layer.kernel, f"{layer.name}.kernel", precision)
    return graph.add("Add", product, graph.array(layer.bias))
