"""The Keras model: an embedding, stacked recurrent layers and a projection to logits."""

from textgen.model.keras_samplers import continue_prompts
from textgen.model.network import LanguageModel

__all__ = ["LanguageModel", "continue_prompts"]
