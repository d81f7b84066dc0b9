"""A little text written by a model in training, the way `generate` would."""

from textgen.config.generation import GenerationConfig
from textgen.model.network import LanguageModel, get_weights
from textgen.runtime.decoder import Decoder
from textgen.runtime.generation import TextStream
from textgen.tokenization.tokenizer import Tokenizer

CHARACTERS = 240
SEED = 0


def write_sample(model: LanguageModel, tokenizer: Tokenizer) -> str:
    """Return about `CHARACTERS` characters, drawn with the weights as they are.

    One thread that does not spin, because TensorFlow holds the cores.
    """
    decoder = Decoder(model.config, get_weights(model), threads=1)
    config = GenerationConfig(max_new_tokens=CHARACTERS)
    text = ""
    for piece in TextStream(decoder, tokenizer, "", config, SEED):
        text += piece
        if len(text) >= CHARACTERS:
            break
    return text.strip("\n")
