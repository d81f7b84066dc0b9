"""Receipts: what is needed to write a text again, and to tell whether it is the same."""

import hashlib
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Self, TypeVar, get_type_hints

from textgen.config.base import Config, inner_type, is_tuple_type, several
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.files import LARGEST_JSON, read_json, to_json, write_file
from textgen.model_folder import CONFIG, TOKENIZER, WEIGHTS, read_manifest
from textgen.runtime.generation import Generation
from textgen.version import __version__

FORMAT = 1
CPU_FILE = Path("/proc/cpuinfo")  # Linux alone has it; elsewhere no feature is recorded
# How the names of the features begin on which a matrix product's last digits depend.
VECTOR_FEATURES = ("avx", "amx", "fma", "asimd", "sve", "sme", "i8mm", "bf16")
Part = TypeVar("Part", bound=Config)


@dataclass(frozen=True, kw_only=True)
class ModelFiles(Config):
    """Which model it was: its folder, as it was named, and the SHA-256 of what was read there."""

    folder: str
    config_sha256: str
    weights_sha256: str
    tokenizer_sha256: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Describe a model that has been read: its manifest is right."""
        files = read_manifest(folder)["files"]
        config, weights, tokenizer = (files[n]["sha256"] for n in (CONFIG, WEIGHTS, TOKENIZER))
        return cls(
            folder=str(folder),
            config_sha256=config,
            weights_sha256=weights,
            tokenizer_sha256=tokenizer,
        )


@dataclass(frozen=True, kw_only=True)
class Versions(Config):
    """What computed the text."""

    textgen: str
    python: str
    numpy: str
    onnxruntime: str
    tokenizers: str

    @classmethod
    def present(cls) -> Self:
        """Describe what computes now."""
        libraries = {n: metadata.version(n) for n in ("numpy", "onnxruntime", "tokenizers")}
        return cls(textgen=__version__, python=platform.python_version(), **libraries)


@dataclass(frozen=True, kw_only=True)
class Machine(Config):
    """Where it ran: ONNX Runtime chooses its kernels, and with them last digits, by the CPU."""

    system: str
    architecture: str
    cpu_features: tuple[str, ...]

    @classmethod
    def present(cls) -> Self:
        """Describe this machine."""
        told = CPU_FILE.read_text() if CPU_FILE.exists() else ""
        found = re.search(r"^(?:flags|Features)\s*:(.*)$", told, re.MULTILINE)
        features = found[1].split() if found else []
        return cls(
            system=platform.system(),
            architecture=platform.machine(),
            cpu_features=tuple(sorted(f for f in features if f.startswith(VECTOR_FEATURES))),
        )


@dataclass(frozen=True, kw_only=True)
class Result(Config):
    """What came out: the SHA-256 of the text in UTF-8, and how many tokens it took."""

    seed: int
    sha256: str
    tokens: int
    finish_reason: str

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """Describe a generation.

        Raises:
            UsageError: it remembers only the end of its text.
        """
        tokens = generation.usage.completion_tokens
        if len(generation.tokens) != tokens:
            raise UsageError(f"only the last {len(generation.tokens)} of {tokens} tokens are there")
        return cls(
            seed=generation.seed,
            sha256=hashlib.sha256(generation.text.encode()).hexdigest(),
            tokens=tokens,
            finish_reason=generation.finish_reason,
        )


@dataclass(frozen=True, kw_only=True)
class Receipt(Config):
    """Everything that texts depend on, and how they are recognised.

    How many threads computed is left out: no text depends on it.

    Attributes:
        model: that wrote them.
        prompt: as it was given.
        settings: all of them, the model's own included.
        precision: that the model ran in.
        versions: of what computed.
        machine: that it ran on.
        results: one for each text, with its seed.
    """

    model: ModelFiles
    prompt: str
    settings: GenerationConfig
    precision: str
    versions: Versions
    machine: Machine
    results: tuple[Result, ...]

    @classmethod
    def of(
        cls,
        folder: Path,
        precision: str,
        settings: GenerationConfig,
        prompt: str,
        results: Sequence[Generation],
    ) -> Self:
        """Make the receipt of what has just been written.

        Args:
            folder: of the model, as the user named it.
            precision: that it ran in.
            settings: of all results.
            prompt: of all results.
            results: whole texts; each has its own seed.

        Raises:
            UsageError: a result remembers only the end of its text.
        """
        return cls(
            model=ModelFiles.of(folder),
            prompt=prompt,
            settings=settings,
            precision=precision,
            versions=Versions.present(),
            machine=Machine.present(),
            results=tuple(map(Result.of, results)),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a receipt, a closed schema. Settings that a later version added are at default.

        Raises:
            DataError: it is damaged, or something else.
            FileNotFoundError: there is none.
        """
        values = read_json(path)
        if values.pop("format", None) != FORMAT:
            raise DataError(f"{path}: not a receipt that textgen {__version__} can read")
        try:
            return _parsed(cls, values)
        except UsageError as error:
            raise DataError(f"{path}: {error}") from None

    def write(self, path: Path) -> None:
        """Write the receipt.

        Raises:
            UsageError: the prompt is too long for one.
            OSError: the disk refused; what stood there is untouched.
        """
        data = to_json({"format": FORMAT} | asdict(self))
        if len(data) > LARGEST_JSON:
            raise UsageError(f"{path}: the prompt is too long for a receipt ({LARGEST_JSON} bytes)")
        write_file(path, data)

    def check_model(self, folder: Path) -> None:
        """Refuse to write the texts with another model.

        Args:
            folder: of a model that has been read.

        Raises:
            DataError: it is another one.
        """
        then, now = asdict(self.model), asdict(ModelFiles.of(folder))
        changed = [name for name in then if name != "folder" and then[name] != now[name]]
        if changed:
            raise DataError(
                f"{folder}: not the model that wrote the texts, {self.model.folder}; they differ "
                f"in {', '.join(changed)}; pass -m and the folder of that one"
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return the prompt and the settings of each text, to write it again."""
        return [{"prompt": self.prompt, **self._settings_of(r).to_dict()} for r in self.results]

    def different_texts(self, other: "Receipt") -> list[int]:
        """Return the seeds with which another receipt's texts are not the same bytes."""
        pairs = zip(self.results, other.results, strict=True)
        return [then.seed for then, now in pairs if then.sha256 != now.sha256]

    def differences(self, other: "Receipt") -> list[str]:
        """Say how the circumstances of another receipt differ: 'numpy (2.4.0, now 2.5.0)'."""
        then, now = self._circumstances(), other._circumstances()
        return [_change(name, then[name], now[name]) for name in then if then[name] != now[name]]

    def _settings_of(self, result: Result) -> GenerationConfig:
        """Return the settings of one text. A search alone depends on how long it might become."""
        seeded = self.settings.replace(seed=result.seed)
        if seeded.beams > 1:
            return seeded
        # As many tokens as it had, since Ctrl-C may have ended it.
        least = min(seeded.min_new_tokens, result.tokens)
        return seeded.replace(min_new_tokens=least, max_new_tokens=result.tokens)

    def _circumstances(self) -> dict[str, str]:
        """Return what a text depends on but does not choose, in words with spaces between them."""
        return {
            **{name: value for name, value in asdict(self.model).items() if name != "folder"},
            "precision": self.precision,
            **asdict(self.versions),
            "system": self.machine.system,
            "architecture": self.machine.architecture,
            "CPU features": " ".join(self.machine.cpu_features),
        }


def _parsed(kind: type[Part], values: Any) -> Part:
    """Make a configuration, and those that it holds, of what JSON holds.

    Raises:
        UsageError: an unknown or missing key, or a wrong value.
    """
    if not isinstance(values, dict):
        raise UsageError(f"it holds {values!r:.40} in the place of an object")
    for field in fields(kind):
        if field.default is MISSING and field.name not in values:
            raise UsageError(f"{field.name} is missing")
    hints = get_type_hints(kind)
    return kind.from_dict({name: _value(hints.get(name), told) for name, told in values.items()})


def _value(hint: Any, told: Any) -> Any:
    """Return the value of one field."""
    kind = inner_type(hint)
    if not (isinstance(kind, type) and issubclass(kind, Config)):
        return told
    if is_tuple_type(hint):
        return [_parsed(kind, item) for item in several(told)]
    return _parsed(kind, told)


def _change(name: str, then: str, now: str) -> str:
    """Say which words of a circumstance have changed."""
    lost = [word for word in then.split() if word not in now.split()]
    new = [word for word in now.split() if word not in then.split()]
    return f"{name} ({' '.join(lost) or 'none'}, now {' '.join(new) or 'none'})"
