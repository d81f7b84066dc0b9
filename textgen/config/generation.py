"""How text is drawn from a model; the content of `generation_config.json`."""

from dataclasses import dataclass

from textgen.config.base import Config, option
from textgen.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class GenerationConfig(Config):
    """Length, randomness and stopping of a generation."""

    max_new_tokens: int = option(
        300, "Largest number of tokens to write.", flags=("-n", "--max-tokens"), minimum=0
    )
    temperature: float = option(
        0.8, "Boldness of the choice: 0 takes the likeliest token always, 1 the model's own mind.",
        flags=("--temp",), minimum=0, maximum=100,
    )  # fmt: skip
    top_k: int = option(0, "Choose among the k likeliest tokens only; 0 is off.", minimum=0)
    top_p: float = option(
        1.0, "Choose among the likeliest tokens that hold this probability together; 1 is off.",
        above=0, maximum=1,
    )  # fmt: skip
    stop: tuple[str, ...] = option((), "End before this text; may be repeated.")
    seed: int | None = option(
        None, "Seed of the draws; a random one is taken, and shown, if not given.",
        flags=("-s",), minimum=0, maximum=2**63 - 1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError("stop holds an empty text, which would end every generation at once")
