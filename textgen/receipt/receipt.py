"""Receipts: the settings and environment of generated texts, and the texts' hashes."""

import hashlib
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar, get_type_hints

from textgen.config.base import Config
from textgen.config.generation import GenerationConfig
from textgen.config.values import inner_type, is_tuple_type, several
from textgen.errors import DataError, UsageError
from textgen.generator import TextGenerator
from textgen.json_files import LARGEST_JSON, read_json, to_json
from textgen.receipt.environment import Environment
from textgen.runtime.generation.result import Generation
from textgen.version import __version__

FORMAT = 1
LARGEST_SEED = 2**63 - 1
AnyConfig = TypeVar("AnyConfig", bound=Config)


@dataclass(frozen=True, kw_only=True)
class Result(Config):
    """The result of a generation.

    Attributes:
        seed: of its random draws.
        sha256: of the text in UTF-8.
        tokens: number of generated tokens.
        finish_reason: as in `Generation`.
    """

    seed: int = field(metadata={"minimum": 0, "maximum": LARGEST_SEED})
    sha256: str
    tokens: int = field(metadata={"minimum": 0})
    finish_reason: str

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Describe a generation.

        Raises:
            UsageError: it holds only the last tokens of its text.
        """
        tokens = generation.usage.completion_tokens
        if len(generation.tokens) != tokens:
            raise UsageError(
                f"only the last {len(generation.tokens)} of {tokens} tokens are there for a "
                f"receipt; make the stream with remembered=None"
            )
        return cls(
            seed=generation.seed,
            sha256=hashlib.sha256(generation.text.encode()).hexdigest(),
            tokens=tokens,
            finish_reason=generation.finish_reason,
        )


@dataclass(frozen=True, kw_only=True)
class Receipt(Config):
    """Everything that generated texts depend on, and the hashes of the texts.

    Attributes:
        model: path of the model folder, as the user gave it.
        prompt: of all texts, as the user gave it.
        settings: of all texts; complete, the model's defaults included.
        circumstances: the environment in which they were generated.
        results: one for each text, with its seed.
    """

    model: str
    prompt: str
    settings: GenerationConfig
    circumstances: Environment
    results: tuple[Result, ...]

    @classmethod
    def of(
        cls,
        folder: Path,
        generator: TextGenerator,
        settings: GenerationConfig,
        prompt: str,
        results: Sequence[Generation],
    ) -> Self:
        """Make the receipt of generated texts.

        Args:
            folder: of the model, as the user gave it.
            generator: of the texts.
            settings: of all results, but for the seed of each.
            prompt: of all results.
            results: whole texts.

        Raises:
            UsageError: a result holds only the last tokens of its text.
        """
        return cls(
            model=str(folder),
            prompt=prompt,
            settings=settings,
            circumstances=Environment.present(folder, generator.decoder.precision),
            results=tuple(map(Result.of, results)),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a receipt. Its schema is closed; only settings at their defaults may be missing.

        Raises:
            DataError: it is damaged, or the file is no receipt.
            OSError: it cannot be read.
        """
        values = read_json(path)
        if values.pop("format", None) != FORMAT:
            raise DataError(f"{path}: not a receipt, or not one for textgen {__version__}")
        try:
            return _parsed(cls, values)
        except UsageError as error:
            raise DataError(f"{path}: {error}") from None

    def to_json(self) -> str:
        """Return the receipt in the format that `read` reads.

        Raises:
            UsageError: it would be too long to be read.
        """
        data = to_json({"format": FORMAT} | asdict(self))
        if len(data) > LARGEST_JSON:
            raise UsageError(
                f"the receipt would be longer than {LARGEST_JSON} bytes; shorten the prompt or "
                f"write fewer texts"
            )
        return data.decode()

    def check_model(self, folder: Path) -> None:
        """Require the model that generated the texts.

        Args:
            folder: of the model.

        Raises:
            DataError: it is another model.
        """
        present = Environment.present(folder, self.circumstances.precision)
        if changed := self.circumstances.changed_files(present):
            raise DataError(
                f"{folder}: not the model of the receipt, which was at {self.model}: the SHA-256 "
                f"of {' and '.join(changed)} differs; pass -m and the folder of that one"
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return the prompt and the settings of each text, to generate it again."""
        return [{"prompt": self.prompt, **self._settings_of(r).to_dict()} for r in self.results]

    def different_texts(self, other: "Receipt") -> list[int]:
        """Return the seeds of texts that differ from those of another receipt."""
        pairs = zip(self.results, other.results, strict=True)
        return [then.seed for then, now in pairs if then.sha256 != now.sha256]

    def differences(self, other: "Receipt") -> list[str]:
        """Return the parts of the environment that differ from those of another receipt."""
        return self.circumstances.differences(other.circumstances)

    def _settings_of(self, result: Result) -> GenerationConfig:
        """Return the settings of one text. Those of a beam search keep their maximum length."""
        seeded = self.settings.replace(seed=result.seed)
        if seeded.beams > 1:
            return seeded
        # Exactly as many tokens as it had: it may have been endless, or interrupted.
        least = min(seeded.min_new_tokens, result.tokens)
        return seeded.replace(min_new_tokens=least, max_new_tokens=result.tokens)


def _parsed(kind: type[AnyConfig], values: Any) -> AnyConfig:
    """Make a configuration of JSON values, and the configurations within it.

    Raises:
        UsageError: an unknown or missing key, or a wrong value.
    """
    if not isinstance(values, dict):
        raise UsageError(f"it holds {values!r:.40} in the place of an object")
    for part in fields(kind):
        if part.default is MISSING and part.name not in values:
            raise UsageError(f"{part.name} is missing")
    hints = get_type_hints(kind)
    return kind.from_dict({name: _value(hints.get(name), value) for name, value in values.items()})


def _value(hint: Any, value: Any) -> Any:
    """Return the value of one field."""
    kind = inner_type(hint)
    if not (isinstance(kind, type) and issubclass(kind, Config)):
        return value
    if is_tuple_type(hint):
        return [_parsed(kind, item) for item in several(value)]
    return _parsed(kind, value)
