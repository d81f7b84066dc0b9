"""The network: a Keras embedding, stacked LSTM layers and a projection to logits."""

from textgen.model.network import LanguageModel

__all__ = ["LanguageModel"]
