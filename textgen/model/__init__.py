"""The network: a Keras embedding, stacked LSTM layers and a projection to logits."""

from textgen.model.network import LanguageModel
from textgen.model.weights import get_weights, set_weights

__all__ = ["LanguageModel", "get_weights", "set_weights"]
