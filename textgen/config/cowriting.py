"""How a person and a model write together."""

from dataclasses import dataclass

from textgen.config.base import Config, option

# Tokens of a continuation that is proposed, and the most between two texts, where a person does not
# say how many.
PROPOSED_TOKENS = 40
JOINING_TOKENS = 40


@dataclass(frozen=True, kw_only=True)
class CowritingConfig(Config):
    """What is proposed."""

    choices: int = option(
        3, "How many continuations to choose from.", flags=("-k",), minimum=1, maximum=9
    )
    learn: bool = option(
        False, "Let the model learn from the text as it is read, to propose the like of it."
    )
