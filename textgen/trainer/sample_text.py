"""Sample texts of a model in training."""

from textgen.config.generation import GenerationConfig
from textgen.model.network import LanguageModel
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.generation.begin import begin_sequence
from textgen.runtime.generation.text_stream import TextStream
from textgen.tokenization.tokenizer import Tokenizer

CHARACTERS = 240


def write_sample(model: LanguageModel, tokenizer: Tokenizer) -> str:
    """Return at most `CHARACTERS` characters, generated with the present weights."""
    decoder = load_engine(model.config, model.named_weights())
    writing = begin_sequence(tokenizer, "", GenerationConfig(max_new_tokens=CHARACTERS))
    text = ""
    for piece in TextStream(decoder, writing):
        text += piece
        if len(text) >= CHARACTERS:
            break
    return text[:CHARACTERS].strip("\n")
