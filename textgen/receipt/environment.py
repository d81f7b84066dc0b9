"""The environment of a generation: model, libraries and machine, on which its text depends."""

import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from textgen.artifact.model_folder import CONFIG, WEIGHTS, read_manifest
from textgen.config.base import Config
from textgen.config.cpu import cpu_features
from textgen.config.model import PRECISIONS
from textgen.tokenization.tokenizer import TOKENIZER
from textgen.version import __version__, library_versions

HASHES = {CONFIG: "config_sha256", WEIGHTS: "weights_sha256", TOKENIZER: "tokenizer_sha256"}
SHOWN = 12  # digits of a hash in a message
LIBRARIES = ("numpy", "onnxruntime", "tokenizers")
# Prefixes of the features by which ONNX Runtime chooses its kernels, and with them last digits.
VECTOR_FEATURES = ("avx", "amx", "fma", "asimd", "sve", "sme", "i8mm", "bf16")


@dataclass(frozen=True, kw_only=True)
class Environment(Config):
    """A process on a machine with a model. Threads are left out: no text depends on them.

    Attributes:
        config_sha256, weights_sha256, tokenizer_sha256: of the files of the model.
        precision: in which the model runs.
        textgen, python, numpy, onnxruntime, tokenizers: versions.
        system, architecture: as Python names them: "Linux", "x86_64".
        cpu_features: vector instructions, as Linux names them.
    """

    config_sha256: str
    weights_sha256: str
    tokenizer_sha256: str
    precision: str = field(metadata={"choices": PRECISIONS})
    textgen: str
    python: str
    numpy: str
    onnxruntime: str
    tokenizers: str
    system: str
    architecture: str
    cpu_features: tuple[str, ...]

    @classmethod
    def present(cls, folder: Path, precision: str) -> Self:
        """Describe this process.

        Args:
            folder: of a model that has been read, so that its manifest has been checked.
            precision: in which the model runs.
        """
        files = read_manifest(folder)["files"]
        return cls(
            **{name: files[file]["sha256"] for file, name in HASHES.items()},
            precision=precision,
            textgen=__version__,
            python=platform.python_version(),
            **library_versions(*LIBRARIES),
            system=platform.system(),
            architecture=platform.machine(),
            cpu_features=_vector_features(),
        )

    def changed_files(self, other: "Environment") -> list[str]:
        """Return the files of the model that differ, as 'config.json (1f2e3d, now 5b6a79)'."""
        then, now = asdict(self), asdict(other)
        return [
            _change(file, then[name][:SHOWN], now[name][:SHOWN])
            for file, name in HASHES.items()
            if then[name] != now[name]
        ]

    def differences(self, other: "Environment") -> list[str]:
        """Return the fields that differ, as 'numpy (2.4.0, now 2.5.0)'."""
        then, now = asdict(self), asdict(other)
        return [_change(name, then[name], now[name]) for name in then if then[name] != now[name]]


def _vector_features() -> tuple[str, ...]:
    """Return the vector instructions of the processor, in order."""
    return tuple(sorted(name for name in cpu_features() if name.startswith(VECTOR_FEATURES)))


def _change(name: str, then: str | tuple[str, ...], now: str | tuple[str, ...]) -> str:
    """Describe a changed field; of several values, only those that differ."""
    if isinstance(then, str) or isinstance(now, str):
        return f"{name} ({then}, now {now})"
    lost, new = [v for v in then if v not in now], [v for v in now if v not in then]
    return f"{name} ({' '.join(lost) or 'none'}, now {' '.join(new) or 'none'})"
