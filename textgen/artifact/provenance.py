"""The provenance of a model: the records of its corpus, training and quality in its manifest."""

import types
import warnings
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from textgen.config.model import PRECISIONS
from textgen.errors import DataError

OTHER_KEYS = ("format", "textgen", "files")  # of the manifest, which are no records
QUOTED = ("nats_per_token", "perplexity", "bits_per_byte", "bits_per_character")


@dataclass(frozen=True, kw_only=True)
class CorpusRecord:
    """The corpus that a model was trained on.

    Attributes:
        name: of the corpus.
        licence: of the corpus, or "unknown".
        fingerprint: of its text; None in the records of early models.
        cut: the rule that split it, in words.
        settings: the `CorpusConfig` that it was read with.
    """

    name: str
    licence: str
    fingerprint: str | None = None
    cut: str
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """The record of a run. Fields with defaults are missing in the records of early models.

    Attributes:
        ended: "complete", "no longer improving", "stopped" by a callback, "interrupted" or
            "diverged".
        steps: planned optimizer steps.
        steps_done: optimizer steps taken; fewer if the run ended early.
        best_step: the step whose weights were kept.
        epochs: passes over the training split.
        seconds: time of optimization and validation.
        seconds_saving: time of checkpoints.
        tokens_per_second: tokens trained on per second of optimization.
        validation: the `Quality` of the kept weights on the validation split.
        validation_tokens: tokens of the split that it was measured on.
        metrics: further figures of the same weights, by name.
        course: step and nats per token of every validation.
        resumed: the steps at which the run was resumed.
        changed_data: those of them at which the corpus was another one than before.
        settings: the `TrainingConfig`, with nothing left to defaults.
        init_from: name and weights' SHA-256 of the model that the run began with, if any.
        versions: of the libraries and the machine that computed it.
    """

    ended: str | None = None
    steps: int
    steps_done: int
    best_step: int = 0
    epochs: float
    seconds: float
    seconds_saving: float = 0.0
    tokens_per_second: float
    validation: dict[str, float]
    validation_tokens: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    course: list[tuple[int, float]] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)
    changed_data: list[int] = field(default_factory=list)
    settings: dict[str, Any]
    init_from: dict[str, str] | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def first_bits_per_byte(self) -> float | None:
        """Bits per byte of the validation split before the first step, if that was measured."""
        if not self.course or self.course[0][0] or not self.validation["nats_per_token"]:
            return None
        scale = self.validation["bits_per_byte"] / self.validation["nats_per_token"]
        return self.course[0][1] * scale


@dataclass(frozen=True, kw_only=True)
class CopyingRecord:
    """The longest span of a generated text that the training text contains.

    Attributes:
        longest: characters of the span.
        characters: of the generated text.
    """

    longest: int
    characters: int


@dataclass(frozen=True, kw_only=True)
class PrecisionRecord:
    """The quality of a model in both precisions, on the same text.

    Attributes:
        default: the precision that the model runs in by default.
        int8, fp32: nats per token in each.
        tokens: number of predicted tokens, one by one as in generation.
    """

    default: str
    int8: float
    fp32: float
    tokens: int


Record = TypeVar("Record", CorpusRecord, TrainingRecord, PrecisionRecord, CopyingRecord)


@dataclass(frozen=True)
class Provenance:
    """The records of a model's corpus, training, precision and copying, as far as they are known.

    Attributes:
        values: the records as JSON values, as in the manifest. Those of another version may hold
            fewer or more fields than the typed records, and are written again as they are.
    """

    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, **records: Any) -> Self:
        """Make the provenance of records: dataclasses or JSON values, by their names."""
        return cls({n: r if isinstance(r, dict) else asdict(r) for n, r in records.items()})

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], path: Path) -> Self:
        """Read and check the records of a manifest.

        Raises:
            DataError: a record is damaged.
        """
        provenance = cls({k: v for k, v in manifest.items() if k not in OTHER_KEYS})
        try:
            _ = provenance.corpus, provenance.training, provenance.precision, provenance.copying
        except DataError as error:
            raise DataError(f"{path}: {error}; copy the model folder anew") from None
        return provenance

    @cached_property
    def corpus(self) -> CorpusRecord | None:
        """The record of the corpus."""
        return self._record(CorpusRecord, "corpus")

    @cached_property
    def training(self) -> TrainingRecord | None:
        """The record of the training."""
        record = self._record(TrainingRecord, "training")
        if record is None:
            return None
        _require("training.settings", isinstance(record.settings.get("seed"), int))
        _require("training.validation", all(name in record.validation for name in QUOTED))
        begun = record.init_from
        _require("training", begun is None or {"model", "sha256"} <= begun.keys())
        return record

    @cached_property
    def precision(self) -> PrecisionRecord | None:
        """The record of the precision."""
        record = self._record(PrecisionRecord, "precision")
        _require("precision", record is None or record.default in PRECISIONS)
        return record

    @cached_property
    def copying(self) -> CopyingRecord | None:
        """The record of what it copies."""
        return self._record(CopyingRecord, "copying")

    @property
    def corpus_settings(self) -> dict[str, Any]:
        """The `CorpusConfig` that the corpus was read with; empty if it is unknown."""
        return self.corpus.settings if self.corpus else {}

    def with_records(self, **records: PrecisionRecord | CopyingRecord | None) -> "Provenance":
        """Return the provenance with other records, by their names; without those that are None."""
        made = {name: asdict(record) for name, record in records.items() if record}
        kept = {name: value for name, value in self.values.items() if name not in records}
        return Provenance({**kept, **made})

    def to_dict(self) -> dict[str, Any]:
        """Return the records as JSON values, for a manifest."""
        return dict(self.values)

    def __getitem__(self, name: str) -> Any:
        """Return a record as JSON values. Deprecated: read the typed records."""
        warnings.warn("read provenance.training, not ['training']", DeprecationWarning, 2)
        return self.values[name]

    def _record(self, kind: type[Record], name: str) -> Record | None:
        """Return a record, or None if it is unknown.

        Raises:
            DataError: it is damaged.
        """
        values = self.values.get(name)
        return None if values is None else _parsed(kind, values, name)


UNKNOWN = Provenance()


def _parsed(kind: type[Record], values: Any, name: str) -> Record:
    """Return a record of JSON values; fields that it does not know are left out.

    Raises:
        DataError: a value is missing, or of the wrong type.
    """
    _require(name, isinstance(values, dict))
    hints = get_type_hints(kind)
    parts = {part.name: part for part in fields(kind)}
    for part in parts.values():
        is_optional = part.default is not MISSING or part.default_factory is not MISSING
        _require(name, part.name in values or is_optional)
    given = {name: value for name, value in values.items() if name in parts}
    for key, value in given.items():
        nested = f"{name}.{key}" if get_origin(hints[key]) is dict else name
        _require(nested, _fits(value, hints[key]))
    return kind(**given)


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a JSON value has a type; JSON may write a float as an integer."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is types.UnionType:
        return any(_fits(value, arg) for arg in args)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, args[0]) for item in value)
    if origin is tuple:
        is_pair = isinstance(value, list | tuple) and len(value) == len(args)
        return is_pair and all(map(_fits, value, args))
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, args[1]) for item in value.values())
    return isinstance(value, int | float if hint is float else hint)


def _require(name: str, condition: bool) -> None:
    """Refuse a damaged record.

    Raises:
        DataError: the condition does not hold.
    """
    if not condition:
        raise DataError(f"damaged record of {name}")
