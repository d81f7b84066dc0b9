"""The model folder: it is written whole or not at all, and checked before it is read.

`config.json`, `model.safetensors` and `tokenizer.json` are the model. `manifest.json` holds their
sizes and SHA-256; it is written last and makes the folder a model. `generation_config.json` and
`README.md` may be edited, so they are checked, not hashed. Nothing in the folder is ever executed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from textgen.artifact.card import make_card
from textgen.artifact.conditioning import check_mix, with_mix
from textgen.artifact.missing_model import explain_missing
from textgen.artifact.plain_files import refuse_strange
from textgen.artifact.provenance import UNKNOWN, Provenance
from textgen.artifact.suffix_array import CopyIndex
from textgen.artifact.weights import Weights, read_weights, round_weights, weights_to_bytes
from textgen.config.base import Config
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.errors import DataError, MissingInput, UsageError
from textgen.files import new_folder, write_together
from textgen.identity import changed_file, identity
from textgen.json_files import read_json, to_json
from textgen.paths import named
from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer
from textgen.version import __version__

FORMAT = 1
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
GENERATION = "generation_config.json"
CARD = "README.md"
COPIES = "copies.safetensors"  # if there is an index of the training text
MANIFEST = "manifest.json"
TRAINING_STATE = "training_state"  # a folder with checkpoints, while the training goes on
HASHED = (CONFIG, WEIGHTS, TOKENIZER)
FILES = (*HASHED, GENERATION, CARD, COPIES, MANIFEST)
# The report of the run that made the model.
PAGE, PICTURE = "report.html", "report.png"
AnyConfig = TypeVar("AnyConfig", bound=Config)


@dataclass(frozen=True)
class Model:
    """A trained model, in memory.

    Attributes:
        config: sizes of the layers.
        weights: arrays with the names and shapes of `config.tensors()`.
        tokenizer: text to token ids and back.
        generation: its default generation settings.
        provenance: the records of its corpus, training and precision.
        storage: "fp32", "fp16" or "int8", the format of the weights in its folder.
        copies: index of its training text, if it was trained with one.

    Example:
        >>> from textgen import TextGenerator
        >>> model = TextGenerator.from_pretrained().model
        >>> model.tokenizer.vocab_size == model.config.vocab_size
        True
    """

    config: ModelConfig
    weights: Weights
    tokenizer: Tokenizer
    generation: GenerationConfig
    provenance: Provenance = UNKNOWN
    storage: str = "fp32"
    copies: CopyIndex | None = None

    @property
    def precision(self) -> str:
        """The precision it runs in by default: int8 if that was measured to cost little."""
        return self.provenance.precision.default if self.provenance.precision else "fp32"

    def sha256(self) -> str:
        """Return the SHA-256 of configuration, tokenizer and weights."""
        digest = hashlib.sha256(to_json(self.config.to_dict()))
        digest.update(self.tokenizer.to_json().encode())
        for name in sorted(self.weights):
            digest.update(np.ascontiguousarray(self.weights[name]).data)
        return digest.hexdigest()

    def labelled(self, mix: Mapping[str, float]) -> "Model":
        """Return the model conditioned on a label, or on a mix of labels.

        Args:
            mix: weights of labels, from 0 to 1.

        Raises:
            UsageError: a label that the model was not trained with, or an impossible weight.
        """
        check_mix(mix, self.config.labels)
        config, weights = with_mix(self.config, self.weights, mix)
        return replace(self, config=config, weights=weights)

    def stored_as(self, storage: str) -> "Model":
        """Return the model with weights rounded to a format.

        Raises:
            UsageError: no such format, or a weight is too large for it.
        """
        weights = round_weights(self.weights, storage)
        return replace(self, weights=weights, storage=storage)


def write_model(model: Model, folder: Path, *, overwrite: bool = False) -> None:
    """Write a model folder under a temporary name, flush and rename it.

    Raises:
        UsageError: `folder` exists and `overwrite` is false.
        OSError: the disk refused; an existing `folder` is untouched.
    """
    folder = named(folder)
    with new_folder(folder, overwrite=overwrite) as aside:
        for name, data in _files(model, folder.name).items():
            (aside / name).write_bytes(data)


def add_model(model: Model, folder: Path) -> None:
    """Write a model into the folder of its training, and replace an earlier model there.

    Raises:
        OSError: the disk refused. The earlier model is intact, unless the error came between the
            last renames; then all files of the new one are on the disk.
    """
    write_together(folder, _files(model, folder.name))


def read_model(folder: Path) -> Model:
    """Read a model folder from an untrusted source.

    Raises:
        MissingInput: it is not a model folder.
        DataError: a file is damaged, or files do not belong together.
        UnsafeModel: it holds something other than plain files.
    """
    folder = named(folder)
    manifest = read_manifest(folder)
    _check_files(folder, manifest)
    provenance = Provenance.from_manifest(manifest, folder / MANIFEST)
    config = _read_config(folder)
    tokenizer = _read_tokenizer(folder)
    generation = _as_config(GenerationConfig, read_json(folder / GENERATION), folder / GENERATION)
    if tokenizer.vocab_size != config.vocab_size:
        raise DataError(
            f"{folder / TOKENIZER}: {tokenizer.vocab_size} token types, but {CONFIG} says "
            f"{config.vocab_size}; the two belong to different models"
        )
    weights, storage = read_weights(folder / WEIGHTS, config)
    copies = _find_copies(folder, manifest)
    return Model(config, weights, tokenizer, generation, provenance, storage, copies)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a model folder.

    Raises:
        MissingInput: there is none.
        DataError: it is damaged, or of a later version.
        UnsafeModel: it is not a plain file.
    """
    refuse_strange(folder / MANIFEST)
    if not (folder / MANIFEST).exists():
        if (folder / TRAINING_STATE).is_dir():
            raise MissingInput(
                f"{folder}: its training is not finished; 'textgen train CORPUS -o {folder} "
                f"--resume' goes on with it"
            )
        raise MissingInput(f"{folder}: {explain_missing(folder, MANIFEST)}")
    manifest = read_json(folder / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise DataError(
            f"{folder / MANIFEST}: format {manifest.get('format')!r} is not read by textgen "
            f"{__version__}; use the version that wrote it"
        )
    return manifest


def _files(model: Model, name: str) -> dict[str, bytes]:
    """Return the files of a model folder by name, the manifest last."""
    files = {
        CONFIG: to_json({"format": FORMAT} | model.config.to_dict()),
        WEIGHTS: weights_to_bytes(model.weights, model.storage),
        TOKENIZER: model.tokenizer.to_json().encode(),
        GENERATION: to_json(model.generation.to_dict()),
    }
    if model.copies:
        files[COPIES] = model.copies.to_bytes()
    manifest = {
        "format": FORMAT,
        "textgen": __version__,
        "files": {name: identity(files[name]) for name in (*HASHED, COPIES) if name in files},
        **model.provenance.to_dict(),
    }
    card = make_card(name, model.config, model.tokenizer.kind, model.provenance)
    return files | {CARD: card.encode(), MANIFEST: to_json(manifest)}


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Refuse files that are not plain, then files that differ from the manifest."""
    identities = manifest.get("files")
    identities = identities if isinstance(identities, dict) else {}
    for name in (*HASHED, GENERATION, *([COPIES] if COPIES in identities else ())):
        refuse_strange(path := folder / name)
        if not path.exists():
            raise DataError(f"{path}: missing; copy the model folder anew")
    if changed := changed_file(folder, identities, HASHED):
        raise DataError(
            f"{folder / changed}: changed or damaged (its size or SHA-256 is not the manifest's); "
            f"copy the model folder anew"
        )


def _find_copies(folder: Path, manifest: dict[str, Any]) -> CopyIndex | None:
    """Return the index of the training text, if there is one. It is read on first use."""
    path, recorded = folder / COPIES, manifest["files"].get(COPIES)
    if recorded is None:
        return None

    def read() -> bytes:
        data = path.read_bytes()
        if identity(data) != recorded:
            raise DataError(f"{path}: changed or damaged; copy the model folder anew")
        return data

    return CopyIndex.from_bytes(read, str(path))


def _read_config(folder: Path) -> ModelConfig:
    """Read `config.json`, a closed schema."""
    path = folder / CONFIG
    values = read_json(path)
    if values.pop("format", None) != FORMAT:
        raise DataError(f"{path}: of another format; use the textgen that wrote it")
    return _as_config(ModelConfig, values, path)


def _as_config(kind: type[AnyConfig], values: dict[str, Any], path: Path) -> AnyConfig:
    """Make a configuration of a file's values. An illegal value is a `DataError` here."""
    try:
        return kind.from_dict(values, where=str(path))
    except UsageError as error:
        raise DataError(str(error)) from None


def _read_tokenizer(folder: Path) -> Tokenizer:
    """Read `tokenizer.json`."""
    path = folder / TOKENIZER
    try:
        return Tokenizer.from_json(path.read_text(encoding="utf-8"))
    except (DataError, UnicodeDecodeError) as error:
        raise DataError(f"{folder}: {error}") from None
