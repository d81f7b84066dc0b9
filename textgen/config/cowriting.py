"""Settings of the co-writer and of infilling."""

from dataclasses import dataclass

from textgen.config.base import Config, option

# Default maximum of new tokens: of a proposal, and between two texts.
PROPOSED_TOKENS = 40
JOINING_TOKENS = 40


@dataclass(frozen=True, kw_only=True)
class CowritingConfig(Config):
    """Number of proposals, and whether the model adapts."""

    choices: int = option(
        3, "Number of continuations to choose from.", flags=("-k",), minimum=1, maximum=9
    )
    learn: bool = option(False, "Adapt the model to your text as you write (dynamic evaluation).")
