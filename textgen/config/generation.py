"""How text is drawn from a model; the content of `generation_config.json`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from textgen.config.base import Config, option
from textgen.config.readings import pattern, schema
from textgen.errors import UsageError

# A token, named by a text that is exactly it or by its id; and one with what its logit gains.
TokenName = str | int
TokenBias = tuple[TokenName, float]
# A token's number, counted from 0, and the temperature that it is drawn with.
SchedulePoint = tuple[int, float]

# The units of text that a generation can end at; the last is what a model learns to end itself.
UNITS = ("sentence", "line", "paragraph", "document")
GUARDED = ("ban", "max_copy")  # where a text goes back
CONSTRAINTS = ("regex", "choice", "json_schema", "grammar")

# The filters in llama.cpp's order, and when each of them does nothing.
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

    Tokens are named by text or id: `logit_bias={"e": 2.5, 17: -1}`. Biases of one token add up.
    """

    max_new_tokens: int = option(
        300,
        "Largest number of tokens to write; -1 goes on until you stop it.",
        flags=("-n", "--max-tokens"),
        minimum=-1,
    )
    min_new_tokens: int = option(
        0, "Do not end before so many tokens.", flags=("--min-tokens",), minimum=0
    )
    temperature: float = option(
        0.8,
        "Boldness of the choice: 0 takes the likeliest token always, 1 the model's own mind.",
        flags=("--temp",),
        minimum=0,
        maximum=100,
    )
    temperature_schedule: tuple[SchedulePoint, ...] = option(
        (),
        "Temperatures by token, instead of one: 0=1.2,200=0.6 goes evenly from the one to the "
        "other.",
        minimum=0,
        maximum=100,
    )
    dynatemp_range: float = option(
        0.0,
        "Let the temperature move by this, up where the model is unsure and down where it is "
        "sure; 0 is off.",
        minimum=0,
        maximum=100,
    )
    dynatemp_exponent: float = option(
        1.0,
        "Power of the model's unsureness that moves the temperature.",
        flags=("--dynatemp-exp",),
        above=0,
        maximum=100,
    )
    seed: int | None = option(
        None,
        "Seed of the draws; a random one is taken, and shown, if not given.",
        flags=("-s",),
        minimum=0,
        maximum=2**63 - 1,
    )
    top_k: int = option(0, "Choose among the k likeliest tokens only; 0 is off.", minimum=0)
    typical_p: float = option(
        1.0,
        "Choose among the tokens whose surprise is nearest the expected one and that hold "
        "this probability together; 1 is off.",
        above=0,
        maximum=1,
    )
    top_p: float = option(
        1.0,
        "Choose among the likeliest tokens that hold this probability together; 1 is off.",
        above=0,
        maximum=1,
    )
    min_p: float = option(
        0.0,
        "Choose among the tokens at least this fraction as likely as the likeliest; 0 is off.",
        minimum=0,
        maximum=1,
    )
    top_n_sigma: float = option(
        0.0,
        "Choose among the tokens whose logit is within this many standard deviations of the "
        "largest; 0 is off.",
        minimum=0,
        maximum=100,
    )
    xtc_probability: float = option(
        0.0,
        "Chance, for each token, to leave out all likely candidates but the least likely of "
        "them; 0 is off.",
        minimum=0,
        maximum=1,
    )
    xtc_threshold: float = option(
        0.1,
        "Probability from which a candidate is likely, for --xtc-probability.",
        above=0,
        maximum=0.5,
    )
    mirostat: int = option(
        0,
        "2 keeps the surprise of the text at --mirostat-tau (Mirostat 2); 0 is off.",
        minimum=0,
        maximum=2,
    )
    mirostat_tau: float = option(
        5.0, "Surprise to aim at, in bits per token, for --mirostat 2.", above=0, maximum=100
    )
    mirostat_eta: float = option(
        0.1, "How fast --mirostat 2 corrects itself.", flags=("--mirostat-lr",), above=0, maximum=10
    )
    repetition_penalty: float = option(
        1.0,
        "Divide positive logits of recent tokens by this, multiply negative ones; 1 is off.",
        flags=("--repeat-penalty",),
        minimum=0.01,
        maximum=100,
    )
    presence_penalty: float = option(
        0.0, "Lower the logit of every recent token by this; 0 is off.", minimum=-2, maximum=2
    )
    frequency_penalty: float = option(
        0.0,
        "Lower the logit of a recent token by this for each time it occurs; 0 is off.",
        minimum=-2,
        maximum=2,
    )
    repeat_last_n: int = option(
        64, "How many tokens, of prompt and new text, are recent; -1 all, 0 none.", minimum=-1
    )
    dry_multiplier: float = option(
        0.0,
        "Strength of the penalty on going on with a repetition (DRY); 0 is off.",
        minimum=0,
        maximum=100,
    )
    dry_base: float = option(
        1.75,
        "How fast DRY's penalty grows with the length of the repetition.",
        minimum=1,
        maximum=10,
    )
    dry_allowed_length: int = option(
        2, "Longest repetition, in tokens, that DRY lets pass.", minimum=0, maximum=1 << 20
    )
    dry_last_n: int = option(
        1024,
        "How many tokens, of prompt and new text, DRY looks back.",
        flags=("--dry-penalty-last-n",),
        minimum=1,
        maximum=1 << 20,
    )
    dry_breakers: tuple[str, ...] = option(
        ("\n", ":", '"', "*"),
        "Text across which DRY sees no repetition; may be repeated.",
        flags=("--dry-sequence-breaker",),
    )
    samplers: tuple[str, ...] = option(
        SAMPLERS, "Order of the filters; those left out must be off.", choices=SAMPLERS
    )
    beams: int = option(
        1,
        "Search for the likeliest text with this many candidates, instead of drawing one; the "
        "filters take no part.",
        flags=("--num-beams",),
        minimum=1,
        maximum=256,
    )
    length_penalty: float = option(
        1.0,
        "Power of the length that a candidate's log-probability is divided by, for --beams.",
        minimum=0,
        maximum=10,
    )
    logit_bias: tuple[TokenBias, ...] = option(
        (),
        "Add a number to the logit of a token, named as for --ban-token; may be repeated.",
        minimum=-100,
        maximum=100,
    )
    banned_tokens: tuple[TokenName, ...] = option(
        (),
        "Never write this token: a text that is exactly one, or '#' and its id; may be repeated.",
        flags=("--ban-token",),
    )
    ban: tuple[str, ...] = option(
        (), r"Never write this text ($'\n': line end), but go another way; may be repeated."
    )
    ban_any_case: bool = option(False, "Take letters for the same in either case, for --ban.")
    max_copy: int = option(
        0,
        "Write no more than so many characters in a row that stand so in the training text; 0 "
        "is off. It takes a model that was trained with --copy-index.",
        minimum=0,
    )
    regex: str | None = option(
        None, "Write only what this regular expression matches.", reads=pattern
    )
    choice: tuple[str, ...] = option((), r"Write one of these ($'\n': line end); may be repeated.")
    json_schema: str | None = option(
        None,
        "Write JSON that fits this schema: its text, or @ and the name of a file.",
        reads=schema,
    )
    grammar: str | None = option(
        None, "Write what this Lark or GBNF grammar derives: its text, or @ and the name of a file."
    )
    stop: tuple[str, ...] = option((), r"End before this text ($'\n': line end); may be repeated.")
    stop_at: str = option("document", "End with the first whole one of these.", choices=UNITS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise UsageError("stop holds an empty text, which would end every generation at once")
        if "" in self.ban:
            raise UsageError("ban holds an empty text, which is everywhere")
        if "" in self.banned_tokens or "" in dict(self.logit_bias):
            raise UsageError("banned_tokens or logit_bias names an empty text, which is no token")
        if 0 <= self.max_new_tokens < self.min_new_tokens:
            raise UsageError(
                f"min_new_tokens is {self.min_new_tokens}, above max_new_tokens, which is "
                f"{self.max_new_tokens}"
            )
        if self.mirostat == 1:
            raise UsageError("mirostat is 1; only version 2 is there, and 0 for off")
        self._check_schedule()
        self._check_samplers()
        self._check_ways()
        self._check_constraint()

    @property
    def active_samplers(self) -> tuple[str, ...]:
        """The filters that do something, in order."""
        return tuple(name for name in self.samplers if not NEUTRAL[name](self))

    @property
    def constraint(self) -> str | None:
        """The name of the setting that constrains the text, if one does."""
        return next((name for name in CONSTRAINTS if getattr(self, name)), None)

    def temperature_at(self, position: int) -> float:
        """Return the temperature of the token with this number: linear between the points."""
        points = self.temperature_schedule
        if not points:
            return self.temperature
        for (start, low), (end, high) in pairwise(points):
            if start <= position < end:
                return low + (high - low) * (position - start) / (end - start)
        return points[0][1] if position < points[0][0] else points[-1][1]

    def _check_schedule(self) -> None:
        """Refuse points that do not come one after the other."""
        numbers = [number for number, _ in self.temperature_schedule]
        if numbers != sorted(set(numbers)) or any(number < 0 for number in numbers):
            raise UsageError(
                f"temperature_schedule names the tokens {', '.join(map(str, numbers))}; they must "
                f"grow, from 0 or later"
            )

    def _check_samplers(self) -> None:
        """Refuse a filter that is named twice, or on but left out."""
        for name in self.samplers:
            if self.samplers.count(name) > 1:
                raise UsageError(f"samplers names {name} twice; name it once")
        for name, is_neutral in NEUTRAL.items():
            if name not in self.samplers and not is_neutral(self):
                raise UsageError(f"samplers leaves out {name}, which is on; name it or turn it off")

    def _check_constraint(self) -> None:
        """Refuse texts that no constraint can be, and what would cut a constrained one."""
        name = next((n for n in CONSTRAINTS if getattr(self, n) not in (None, ())), None)
        if name and getattr(self, name) in ("", ("",)):
            raise UsageError(f"{name} is empty; it must describe some text")
        if name and (self.stop or self.stop_at != "document"):
            raise UsageError(f"stop and stop_at would cut what {name} asks for; leave them out")
        if self.beams > 1 and self.max_new_tokens < 0:
            raise UsageError("beams search a text of limited length; set max_new_tokens")

    def _check_ways(self) -> None:
        """Refuse more than one of the ways of writing that know nothing of each other."""
        ways = ["beams"] if self.beams > 1 else []
        ways += [name for name in CONSTRAINTS if getattr(self, name) not in (None, ())]
        ways += [name for name in GUARDED if getattr(self, name)][:1]
        if len(ways) > 1:
            raise UsageError(f"{' and '.join(ways)} exclude each other; give one of them")
