"""Settings of a generation; the content of `generation_config.json`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from textgen.config.base import Config, option
from textgen.config.readings import pattern, schema
from textgen.errors import UsageError

# A token, named by its text or its id; and a token with the number that is added to its logit.
TokenName = str | int
TokenBias = tuple[TokenName, float]
# The number of a token, counted from 0, and its temperature.
SchedulePoint = tuple[int, float]

# The units of text after which a generation can end. Models learn to end the last one themselves.
UNITS = ("sentence", "line", "paragraph", "document")
GUARDED = ("ban", "max_copy")  # they rewind the text
CONSTRAINTS = ("regex", "choice", "json_schema", "grammar")

# Alternatives of a next token that are shown, where the caller does not say how many.
DEFAULT_NEXT_TOKENS = 10

# The filters in llama.cpp's order, and the test that a filter is off.
NEUTRAL: dict[str, Callable[["GenerationConfig"], bool]] = {
    "penalties": lambda c: (
        (c.repetition_penalty == 1 and c.presence_penalty == c.frequency_penalty == 0)
        or c.repeat_last_n == 0
    ),
    "dry": lambda c: c.dry_multiplier == 0,
    "top_n_sigma": lambda c: c.top_n_sigma == 0,
    "top_k": lambda c: c.top_k == 0,
    "typical_p": lambda c: c.typical_p == 1,
    "top_p": lambda c: c.top_p == 1,
    "min_p": lambda c: c.min_p == 0,
    "xtc": lambda c: c.xtc_probability == 0,
    "temperature": lambda c: (
        c.temperature == 1 and not c.temperature_schedule and c.dynatemp_range == 0
    ),
    "mirostat": lambda c: c.mirostat == 0,
}
SAMPLERS = tuple(NEUTRAL)


@dataclass(frozen=True, kw_only=True)
class GenerationConfig(Config):
    """Length, randomness, filters, penalties, constraints and stopping of a generation.

    Every setting is a keyword argument and an option of `textgen generate`, whose `--help` explains
    it. Tokens are named by text or id: `logit_bias={"e": 2.5, 17: -1}`. Biases of one token add up.

    Raises:
        UsageError: a value of the wrong type or out of range, or settings that exclude each other.

    Example:
        >>> from textgen import GenerationConfig
        >>> GenerationConfig(temperature=0.5, top_k=40).active_samplers
        ('top_k', 'temperature')
    """

    max_new_tokens: int = option(
        300,
        "Maximum number of new tokens; -1 writes until you stop it.",
        flags=("-n", "--max-tokens"),
        minimum=-1,
    )
    min_new_tokens: int = option(
        0,
        "Minimum number of new tokens before the text may end.",
        group="Stopping",
        flags=("--min-tokens",),
        minimum=0,
    )
    temperature: float = option(
        0.8,
        "Sampling temperature: 0 is greedy, 1 samples from the model's distribution.",
        flags=("--temp",),
        minimum=0,
        maximum=100,
    )
    temperature_schedule: tuple[SchedulePoint, ...] = option(
        (),
        "Temperatures by token number, with linear steps between: 0=1.2,200=0.6 falls from 1.2 at "
        "the first token to 0.6 at token 200.",
        group="Sampling",
        minimum=0,
        maximum=100,
    )
    dynatemp_range: float = option(
        0.0,
        "Dynamic temperature: raise the temperature by up to this where the model is unsure, and "
        "lower it where the model is sure; 0 is off.",
        group="Sampling",
        minimum=0,
        maximum=100,
    )
    dynatemp_exponent: float = option(
        1.0,
        "Exponent of the normalized entropy in dynamic temperature.",
        group="Sampling",
        flags=("--dynatemp-exp",),
        above=0,
        maximum=100,
    )
    seed: int | None = option(
        None,
        "Random seed; without it, a random one is drawn and shown.",
        flags=("-s",),
        minimum=0,
        maximum=2**63 - 1,
    )
    top_k: int = option(0, "Keep the k likeliest tokens only; 0 is off.", minimum=0)
    typical_p: float = option(
        1.0,
        "Locally typical sampling: keep the tokens whose surprisal is closest to the entropy, up "
        "to this total probability; 1 is off.",
        group="Sampling",
        above=0,
        maximum=1,
    )
    top_p: float = option(
        1.0,
        "Nucleus sampling: keep the likeliest tokens, up to this total probability; 1 is off.",
        above=0,
        maximum=1,
    )
    min_p: float = option(
        0.0,
        "Keep the tokens at least this fraction as likely as the likeliest one; 0 is off.",
        group="Sampling",
        minimum=0,
        maximum=1,
    )
    top_n_sigma: float = option(
        0.0,
        "Keep the tokens whose logit is within this many standard deviations of the largest logit; "
        "0 is off.",
        group="Sampling",
        minimum=0,
        maximum=100,
    )
    xtc_probability: float = option(
        0.0,
        "XTC: probability, at each token, of dropping all likely candidates except the least "
        "likely of them; 0 is off.",
        group="Sampling",
        minimum=0,
        maximum=1,
    )
    xtc_threshold: float = option(
        0.1,
        "Probability from which XTC counts a candidate as likely.",
        group="Sampling",
        above=0,
        maximum=0.5,
    )
    mirostat: int = option(
        0,
        "2 turns on Mirostat 2, which keeps the surprisal of the text at --mirostat-tau; 0 is off.",
        group="Sampling",
        minimum=0,
        maximum=2,
    )
    mirostat_tau: float = option(
        5.0,
        "Target surprisal of Mirostat, in bits per token.",
        group="Sampling",
        above=0,
        maximum=100,
    )
    mirostat_eta: float = option(
        0.1,
        "Learning rate of Mirostat.",
        group="Sampling",
        flags=("--mirostat-lr",),
        above=0,
        maximum=10,
    )
    repetition_penalty: float = option(
        1.0,
        "Divide positive logits of recent tokens by this, and multiply negative ones; 1 is off.",
        flags=("--repeat-penalty",),
        minimum=0.01,
        maximum=100,
    )
    presence_penalty: float = option(
        0.0,
        "Subtract this from the logit of every recent token; 0 is off.",
        group="Repetition",
        minimum=-2,
        maximum=2,
    )
    frequency_penalty: float = option(
        0.0,
        "Subtract this from the logit of a recent token for each of its occurrences; 0 is off.",
        group="Repetition",
        minimum=-2,
        maximum=2,
    )
    repeat_last_n: int = option(
        64,
        "Number of recent tokens, prompt included, that the three penalties apply to; -1 is all, 0 "
        "is none.",
        group="Repetition",
        minimum=-1,
    )
    dry_multiplier: float = option(
        0.0,
        "Strength of DRY, a penalty on tokens that would continue a repetition; 0 is off.",
        group="Repetition",
        minimum=0,
        maximum=100,
    )
    dry_base: float = option(
        1.75,
        "Base of the DRY penalty, which grows exponentially with the length of the repetition.",
        group="Repetition",
        minimum=1,
        maximum=10,
    )
    dry_allowed_length: int = option(
        2,
        "Longest repetition, in tokens, without a DRY penalty.",
        group="Repetition",
        minimum=0,
        maximum=1 << 20,
    )
    dry_last_n: int = option(
        1024,
        "Number of recent tokens, prompt included, that DRY searches for repetitions.",
        group="Repetition",
        flags=("--dry-penalty-last-n",),
        minimum=1,
        maximum=1 << 20,
    )
    dry_breakers: tuple[str, ...] = option(
        ("\n", ":", '"', "*"),
        "Text that breaks a repetition for DRY; may be repeated.",
        group="Repetition",
        flags=("--dry-sequence-breaker",),
    )
    samplers: tuple[str, ...] = option(
        SAMPLERS,
        "Order of the filters; a filter that is left out must be off.",
        group="Sampling",
        choices=SAMPLERS,
    )
    beams: int = option(
        1,
        "Number of beams: above 1, beam search replaces sampling, and filters are not applied.",
        group="Beam search",
        flags=("--num-beams",),
        minimum=1,
        maximum=256,
    )
    length_penalty: float = option(
        1.0,
        "Exponent of the length by which beam search divides a log-probability.",
        group="Beam search",
        minimum=0,
        maximum=10,
    )
    logit_bias: tuple[TokenBias, ...] = option(
        (),
        "Number added to the logit of a token, which is named as for --ban-token; may be repeated.",
        group="Tokens and phrases",
        minimum=-100,
        maximum=100,
    )
    banned_tokens: tuple[TokenName, ...] = option(
        (),
        "Never generate this token: the text of one token, or '#' and its id; may be repeated.",
        group="Tokens and phrases",
        flags=("--ban-token",),
    )
    ban: tuple[str, ...] = option(
        (),
        r"Never generate this phrase ($'\n': line end); rewind and resample instead; may be "
        "repeated.",
        group="Tokens and phrases",
    )
    ban_any_case: bool = option(False, "Make --ban case-insensitive.", group="Tokens and phrases")
    max_copy: int = option(
        0,
        "Longest verbatim copy of training text allowed, in characters; 0 is off. The model must "
        "have been trained with --copy-index.",
        group="Tokens and phrases",
        minimum=0,
    )
    regex: str | None = option(
        None,
        "Generate only text that this regular expression matches.",
        group="Constraints",
        reads=pattern,
    )
    choice: tuple[str, ...] = option(
        (),
        r"Generate one of these texts ($'\n': line end); may be repeated.",
        group="Constraints",
    )
    json_schema: str | None = option(
        None,
        "Generate JSON that fits this schema, given as text or as @FILE.",
        group="Constraints",
        reads=schema,
    )
    grammar: str | None = option(
        None,
        "Generate text of this Lark or GBNF grammar, given as text or as @FILE.",
        group="Constraints",
    )
    stop: tuple[str, ...] = option((), r"End before this text ($'\n': line end); may be repeated.")
    stop_at: str = option(
        "document",
        "End after the first complete unit of this kind.",
        group="Stopping",
        choices=UNITS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError(
                "stop holds an empty text, which would end every generation at once; leave it out"
            )
        if "" in self.ban:
            raise UsageError("ban holds an empty text, which occurs everywhere; leave it out")
        if "" in self.banned_tokens or "" in dict(self.logit_bias):
            raise UsageError(
                "banned_tokens or logit_bias names an empty text, which is no token; leave it out"
            )
        if 0 <= self.max_new_tokens < self.min_new_tokens:
            raise UsageError(
                f"min_new_tokens is {self.min_new_tokens}, above max_new_tokens, which is "
                f"{self.max_new_tokens}; lower the one or raise the other"
            )
        if self.mirostat == 1:
            raise UsageError("mirostat is 1; it must be 2 for Mirostat 2, or 0 for off")
        self._check_schedule()
        self._check_samplers()
        self._check_exclusive()
        self._check_constraint()

    @property
    def active_samplers(self) -> tuple[str, ...]:
        """The filters that are on, in order."""
        return tuple(name for name in self.samplers if not NEUTRAL[name](self))

    @property
    def constraint(self) -> str | None:
        """The name of the setting that constrains the text, if one does."""
        return next((name for name in CONSTRAINTS if getattr(self, name)), None)

    def temperature_at(self, position: int) -> float:
        """Return the temperature of a token; it is linear between the points of the schedule.

        Args:
            position: the number of the token, counted from 0.
        """
        points = self.temperature_schedule
        if not points:
            return self.temperature
        for (start, low), (end, high) in pairwise(points):
            if start <= position < end:
                return low + (high - low) * (position - start) / (end - start)
        return points[0][1] if position < points[0][0] else points[-1][1]

    def _check_schedule(self) -> None:
        """Refuse points whose token numbers do not increase."""
        numbers = [number for number, _ in self.temperature_schedule]
        if numbers != sorted(set(numbers)) or any(number < 0 for number in numbers):
            raise UsageError(
                f"temperature_schedule names the tokens {', '.join(map(str, numbers))}; they must "
                f"increase, from 0 on"
            )

    def _check_samplers(self) -> None:
        """Refuse a filter that is named twice, or that is on but left out."""
        for name in self.samplers:
            if self.samplers.count(name) > 1:
                raise UsageError(f"samplers names {name} twice; name it once")
        for name, is_neutral in NEUTRAL.items():
            if name not in self.samplers and not is_neutral(self):
                raise UsageError(f"samplers leaves out {name}, which is on; name it or turn it off")

    def _check_constraint(self) -> None:
        """Refuse an empty constraint, and settings that would cut a constrained text short."""
        name = next((n for n in CONSTRAINTS if getattr(self, n) not in (None, ())), None)
        if name and getattr(self, name) in ("", ("",)):
            raise UsageError(f"{name} is empty; it must describe some text")
        if name and (self.stop or self.stop_at != "document"):
            raise UsageError(f"stop and stop_at would cut what {name} asks for; leave them out")
        if self.beams > 1 and self.max_new_tokens < 0:
            raise UsageError("beams need a limited length; set max_new_tokens to 0 or more")

    def _check_exclusive(self) -> None:
        """Refuse more than one of beam search, constraints and rewinding."""
        names = ["beams"] if self.beams > 1 else []
        names += [name for name in CONSTRAINTS if getattr(self, name) not in (None, ())]
        names += [name for name in GUARDED if getattr(self, name)][:1]
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} exclude each other; give one of them")
