"""Making an engine: the only place that names a concrete one."""

from textgen.artifact.weights import Weights
from textgen.config.model import ModelConfig
from textgen.runtime.engine.decoder import Decoder
from textgen.runtime.engine.engine import Engine


def load_engine(
    config: ModelConfig, weights: Weights, *, precision: str = "fp32", threads: int = 1
) -> Engine:
    """Return a model that runs; its graphs are compiled when they are first needed.

    Args:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`. A model with labels runs
            without one; see `Model.labelled`.
        precision: "int8" or "fp32", of the weight matrices and their products.
        threads: threads for one operation. More than one is faster on idle cores only: threads
            wait for each other at every step.
    """
    return Decoder(config, weights, precision=precision, threads=threads)
