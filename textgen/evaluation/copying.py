"""The longest span of a generated text that the training text contains."""

from textgen.artifact.model_folder import Model
from textgen.artifact.provenance import CopyingRecord
from textgen.artifact.suffix_array import CopyIndex
from textgen.config.generation import GenerationConfig
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.generation.begin import begin_sequence
from textgen.runtime.generation.text_stream import TextStream

TOKENS = 1_000  # of the generated text


def measure_copying(model: Model, copies: CopyIndex) -> CopyingRecord:
    """Generate a text, and find the longest span of it in the training text.

    Args:
        model: the model.
        copies: index of its training text.
    """
    decoder = load_engine(model.config, model.weights, precision=model.precision)
    sequence = begin_sequence(
        model.tokenizer, "", GenerationConfig(min_new_tokens=TOKENS, max_new_tokens=TOKENS)
    )
    text = "".join(TextStream(decoder, sequence))
    return CopyingRecord(longest=len(copies.longest(text)), characters=len(text))
