"""How text is drawn from a model; the content of `generation_config.json`."""

from dataclasses import dataclass

from textgen.config.base import Config, option
from textgen.errors import UsageError

# A token, named by a text that is exactly it or by its id; and one with what its logit gains.
TokenName = str | int
TokenBias = tuple[TokenName, float]


@dataclass(frozen=True, kw_only=True)
class GenerationConfig(Config):
    """Length, randomness, filters, penalties, tokens and stopping of a generation.

    Tokens are named by a text that is exactly one of the model's, or by their id:
    `banned_tokens=("e", 17)`, `logit_bias={"e": 2.5, 17: -1}`. Biases of one token add up.
    """

    max_new_tokens: int = option(
        300, "Largest number of tokens to write.", flags=("-n", "--max-tokens"), minimum=0
    )
    temperature: float = option(
        0.8, "Boldness of the choice: 0 takes the likeliest token always, 1 the model's own mind.",
        flags=("--temp",), minimum=0, maximum=100,
    )  # fmt: skip
    seed: int | None = option(
        None, "Seed of the draws; a random one is taken, and shown, if not given.",
        flags=("-s",), minimum=0, maximum=2**63 - 1,
    )  # fmt: skip
    top_k: int = option(0, "Choose among the k likeliest tokens only; 0 is off.", minimum=0)
    typical_p: float = option(
        1.0, "Choose among the tokens whose surprise is nearest the expected one and that hold "
        "this probability together; 1 is off.", above=0, maximum=1,
    )  # fmt: skip
    top_p: float = option(
        1.0, "Choose among the likeliest tokens that hold this probability together; 1 is off.",
        above=0, maximum=1,
    )  # fmt: skip
    min_p: float = option(
        0.0, "Choose among the tokens at least this fraction as likely as the likeliest; 0 is off.",
        minimum=0, maximum=1,
    )  # fmt: skip
    repetition_penalty: float = option(
        1.0, "Divide positive logits of recent tokens by this, multiply negative ones; 1 is off.",
        flags=("--repeat-penalty",), minimum=0.01, maximum=100,
    )  # fmt: skip
    presence_penalty: float = option(
        0.0, "Lower the logit of every recent token by this; 0 is off.", minimum=-2, maximum=2
    )
    frequency_penalty: float = option(
        0.0, "Lower the logit of a recent token by this for each time it occurs; 0 is off.",
        minimum=-2, maximum=2,
    )  # fmt: skip
    repeat_last_n: int = option(
        64, "How many tokens, of prompt and new text, are recent; -1 all, 0 none.", minimum=-1
    )
    logit_bias: tuple[TokenBias, ...] = option(
        (), "Add a number to the logit of a token, named as for --ban-token; may be repeated.",
        minimum=-100, maximum=100,
    )  # fmt: skip
    banned_tokens: tuple[TokenName, ...] = option(
        (), "Never write this token: a text that is exactly one, or '#' and its id; may be "
        "repeated.", flags=("--ban-token",),
    )  # fmt: skip
    stop: tuple[str, ...] = option((), "End before this text; may be repeated.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError("stop holds an empty text, which would end every generation at once")
        if "" in self.banned_tokens or "" in dict(self.logit_bias):
            raise UsageError("banned_tokens or logit_bias names an empty text, which is no token")
