"""Other ways to generate with the same LSTM network, for `bench_generate.py`.

Each is written as its library's documentation would have it, with the weights that the library
draws, and does no more than it must: feed the last token, divide the logits by the default
temperature, draw a token. None of them makes text of the tokens.
"""

import importlib
import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig

TEMPERATURE = GenerationConfig().temperature
TOKENS_IN_GRAPH = 256  # that `tf in-graph` writes in one call
OPSET, IR_VERSION = 17, 8
ERRORS_ONLY = 3  # ONNX Runtime's log level


def draw(logits: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.int64]:
    """Draw a token for each row: softmax with temperature, cumulative sum, inversion."""
    weights = np.exp((logits - logits.max(-1, keepdims=True)) / TEMPERATURE)
    cumulative = weights.cumsum(-1)
    numbers = random.random((len(logits), 1)) * cumulative[:, -1:]
    drawn: NDArray[np.int64] = (cumulative < numbers).sum(-1)
    return drawn


def onnx_loop(
    config: ModelConfig, threads: int, *, quantized: bool, streams: int = 1
) -> Iterator[int]:
    """Run ONNX's LSTM operator, one step of all streams a call; its state goes in and out."""
    session = _session(config, threads, quantized=quantized)
    random = np.random.default_rng(0)
    tokens = np.zeros(streams, np.int64)
    names = [entry.name for entry in session.get_inputs()[1:]]
    state = [np.zeros((1, streams, units), np.float32) for units in config.layer_units * 2]
    while True:
        feed = {"tokens": tokens[None], **dict(zip(names, state, strict=True))}
        logits, *state = session.run(None, feed)
        tokens = draw(logits[0], random)
        yield streams


def _session(config: ModelConfig, threads: int, *, quantized: bool) -> Any:
    """Load the plain graph, or what ONNX Runtime's dynamic quantization makes of it."""
    import onnxruntime
    from onnxruntime.quantization import quantize_dynamic

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = threads
    graph = _graph(config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        onnx.save(graph, path)
        if quantized:
            logging.disable(logging.WARNING)  # it advises to infer the shapes beforehand
            quantize_dynamic(path, path)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _graph(config: ModelConfig) -> onnx.ModelProto:
    """Return the network of ONNX's own operators; `tokens` has the shape (1, streams)."""
    random = np.random.default_rng(0)
    arrays: dict[str, NDArray[Any]] = {"axis": np.array([1])}

    def weights(name: str, *shape: int) -> str:
        arrays[name] = random.normal(0, shape[-1] ** -0.5, shape).astype(np.float32)
        return name

    embedding = weights("embedding", config.vocab_size, config.embedding_size)
    nodes = [helper.make_node("Gather", [embedding, "tokens"], ["x0"])]
    width = config.embedding_size
    for i, units in enumerate(config.layer_units):
        parameters = [
            weights(f"kernel{i}", 1, 4 * units, width),
            weights(f"recurrent{i}", 1, 4 * units, units),
            weights(f"bias{i}", 1, 8 * units),
        ]
        inputs = [f"x{i}", *parameters, "", f"hidden{i}", f"cell{i}"]
        outputs = [f"y{i}", f"next_hidden{i}", f"next_cell{i}"]
        nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=units))
        nodes.append(helper.make_node("Squeeze", [f"y{i}", "axis"], [f"x{i + 1}"]))
        width = units
    top = f"x{len(config.layer_units)}"
    kernel, bias = weights("kernel", width, config.vocab_size), weights("bias", config.vocab_size)
    nodes.append(helper.make_node("MatMul", [top, kernel], ["product"]))
    nodes.append(helper.make_node("Add", ["product", bias], ["logits"]))
    return _model(config, nodes, arrays)


def _model(
    config: ModelConfig, nodes: list[onnx.NodeProto], arrays: dict[str, NDArray[Any]]
) -> onnx.ModelProto:
    """Return nodes and arrays as a model: all hidden states, then all cell states."""
    info = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT)
    state: list[tuple[str, list[int | str | None]]] = [
        (f"{kind}{i}", [1, "streams", units])
        for kind in ("hidden", "cell")
        for i, units in enumerate(config.layer_units)
    ]
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "streams"])]
    inputs += [info(name, shape=shape) for name, shape in state]
    outputs = [info("logits", shape=[1, "streams", config.vocab_size])]
    outputs += [info(f"next_{name}", shape=shape) for name, shape in state]
    initializers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "rival", inputs, outputs, initializers)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


def keras_predict(config: ModelConfig, threads: int) -> Iterator[int]:
    """Call `predict` on a stateful model for every token, as tutorials do."""
    keras, _ = _load_tensorflow(threads)
    layers = keras.layers
    lstms = [layers.LSTM(n, return_sequences=True, stateful=True) for n in config.layer_units]
    embedding = layers.Embedding(config.vocab_size, config.embedding_size)
    model = keras.Sequential(
        [keras.Input(batch_shape=(1, 1)), embedding, *lstms, layers.Dense(config.vocab_size)]
    )
    random, tokens = np.random.default_rng(0), np.zeros(1, np.int64)
    while True:
        tokens = draw(model.predict(tokens[None], verbose=0)[0], random)
        yield 1


def tf_function(config: ModelConfig, threads: int) -> Iterator[int]:
    """Run one step of the network as a TensorFlow graph, and draw outside of it."""
    _, tensorflow = _load_tensorflow(threads)
    network, state = _tensorflow_network(config)
    step = tensorflow.function(network)
    random, token = np.random.default_rng(0), tensorflow.zeros(1, "int64")
    while True:
        logits, state = step(token, state)
        token = tensorflow.constant(draw(logits.numpy(), random))
        yield 1


def tf_in_graph(config: ModelConfig, threads: int) -> Iterator[int]:
    """Write many tokens in one call of a TensorFlow graph that holds the loop and the draw."""
    _, tf = _load_tensorflow(threads)
    network, state = _tensorflow_network(config)

    def step(i: Any, token: Any, state: Any, tokens: Any) -> Any:
        logits, state = network(token, state)
        token = tf.random.categorical(logits / TEMPERATURE, 1)[:, 0]
        return i + 1, token, state, tokens.write(i, token)

    def write(token: Any, state: Any) -> Any:
        tokens = tf.TensorArray("int64", TOKENS_IN_GRAPH)
        loop = (0, token, state, tokens)
        _, token, state, tokens = tf.while_loop(lambda i, *_: i < TOKENS_IN_GRAPH, step, loop)
        return tokens.stack(), token, state

    call, token = tf.function(write), tf.zeros(1, "int64")
    while True:
        tokens, token, state = call(token, state)
        yield len(tokens.numpy())


def _tensorflow_network(config: ModelConfig) -> Any:
    """Return a function of token and state to logits and state, of Keras's cells; a zero state."""
    import keras

    embedding = keras.layers.Embedding(config.vocab_size, config.embedding_size)
    cells = keras.layers.StackedRNNCells([keras.layers.LSTMCell(n) for n in config.layer_units])
    dense = keras.layers.Dense(config.vocab_size)

    def network(token: Any, state: Any) -> Any:
        output, state = cells(embedding(token), state)
        return dense(output), state

    state = cells.get_initial_state(1)
    network(np.zeros(1, np.int64), state)  # makes the weights
    return network, state


def _load_tensorflow(threads: int) -> tuple[Any, Any]:
    """Import Keras and TensorFlow without their noise."""
    from textgen.trainer.backend import load_tensorflow

    load_tensorflow(threads, quiet=True)
    return importlib.import_module("keras"), importlib.import_module("tensorflow")


def torch_loop(config: ModelConfig, threads: int, *, quantized: bool) -> Iterator[int]:
    """Run PyTorch's modules, as they are or after its dynamic quantization."""
    torch: Any = importlib.import_module("torch")  # it is in no lock, so no types are known
    nn, units = torch.nn, config.layer_units
    torch.set_num_threads(threads)
    network = nn.ModuleDict(
        {
            "embedding": nn.Embedding(config.vocab_size, config.embedding_size),
            "lstm": nn.LSTM(config.embedding_size, units[0], len(units)),
            "linear": nn.Linear(units[0], config.vocab_size),
        }
    )
    if quantized:
        warnings.simplefilter("ignore")  # it is deprecated, in favour of a package of its own
        network = torch.ao.quantization.quantize_dynamic(network, {nn.LSTM, nn.Linear})
    embedding, lstm, linear = network.eval().values()
    token, state = torch.zeros(1, 1, dtype=torch.int64), None
    with torch.inference_mode():
        while True:
            output, state = lstm(embedding(token), state)
            shares = torch.softmax(linear(output)[0] / TEMPERATURE, -1)
            token = torch.multinomial(shares, 1)
            yield 1


# What each needs, and what it is. It yields how many tokens it has written, again and again.
RIVALS: dict[str, tuple[str, Callable[..., Iterator[int]]]] = {
    "onnx fp32": ("onnxruntime", partial(onnx_loop, quantized=False)),
    "onnx int8": ("onnxruntime", partial(onnx_loop, quantized=True)),
    "keras predict": ("keras", keras_predict),
    "tf.function": ("tensorflow", tf_function),
    "tf in-graph": ("tensorflow", tf_in_graph),
    "torch eager": ("torch", partial(torch_loop, quantized=False)),
    "torch int8": ("torch", partial(torch_loop, quantized=True)),
}
