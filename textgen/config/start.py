"""Names of the starts of a training, besides the path of a model folder."""

from pathlib import Path

from textgen.config.model import PACKAGED_MODEL

AUTO = "auto"  # a base model if it suits the text, else random weights
SCRATCH = "none"  # random weights
BASES = {"english": PACKAGED_MODEL}  # the models that come with textgen
STARTS = (AUTO, SCRATCH, *BASES)
USUAL_BASE = "english"  # that `AUTO` tries

# A base model suits a text whose bytes cost it at most so many times the bits that they cost bzip2,
# measured on the first SAMPLE characters: English texts took 0.6 to 1.0, other languages, code,
# names and molecules 1.2 to 15.
SUITABLE = 1.1
SAMPLE = 1 << 13


def model_of(start: str | Path) -> Path | None:
    """Return the model folder that a start names; None if it names none.

    Args:
        start: a name of `STARTS`, or the path of a model folder.
    """
    if isinstance(start, Path) or start not in STARTS:
        return Path(start)
    return BASES.get(start)
