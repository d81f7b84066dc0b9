"""The settings that a training began with, for `--resume` and for the command that repeats it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from textgen.artifact.model_folder import MANIFEST, WEIGHTS, Model, read_manifest, read_model
from textgen.config.as_options import options_of
from textgen.config.base import Config
from textgen.config.corpus import CorpusConfig
from textgen.config.merge import split_by_config
from textgen.config.model import ModelConfig, NetworkConfig
from textgen.config.start import AUTO, BASES, SCRATCH, model_of
from textgen.config.training import TrainingConfig
from textgen.errors import DataError, UsageError, by_setting
from textgen.paths import named

FREE_TO_CHANGE = ("save_every",)  # settings without an effect on the result
# Implied by the number of steps and by the fitted settings, or always named.
NOT_REPEATED = (*FREE_TO_CHANGE, "budget", "steps", "epochs", "max_epochs", "size", "seed")
# Not repeated if the run began with a model.
DECIDED_BY_MODEL = ("tokenizer", "vocab_size", "normalize", "strict")


@dataclass(frozen=True)
class RunSettings:
    """The settings of a training that has begun, and the weights that it began with.

    Attributes:
        corpus: of the corpus.
        network: sizes of the network.
        training: with nothing left to defaults.
        init_from: name and weights' SHA-256 of a model, if it began with one.
        fingerprint: of the corpus; None if it is not on record.
    """

    corpus: CorpusConfig
    network: NetworkConfig
    training: TrainingConfig
    init_from: dict[str, str] | None
    fingerprint: str | None

    @classmethod
    def of_model(cls, model: Model) -> Self:
        """Return the settings that the training of a model began with.

        Raises:
            DataError: the model has no record of them.
        """
        corpus, training = model.provenance.corpus, model.provenance.training
        if corpus is None or training is None:
            raise DataError("the model does not tell how it was trained (it has no record of it)")
        try:
            begun = training.init_from
            return cls.on_record(model.config, asdict(corpus), training.settings, begun)
        except UsageError as error:
            raise DataError(f"the model does not tell how it was trained ({error})") from None

    @classmethod
    def on_record(
        cls,
        config: ModelConfig,
        corpus: Mapping[str, Any],
        training: Mapping[str, Any],
        init_from: dict[str, str] | None,
    ) -> Self:
        """Return the settings in the records of a model or checkpoint.

        Raises:
            KeyError, UsageError: a part is missing or wrong.
        """
        values = config.to_dict()
        return cls(
            corpus=CorpusConfig.from_dict(corpus["settings"]),
            network=NetworkConfig(**{name: values[name] for name in NetworkConfig.names()}),
            training=TrainingConfig.from_dict(training),
            init_from=init_from,
            fingerprint=corpus.get("fingerprint"),
        )

    def command(self, steps: int) -> str:
        """Return the command that trains the same weights again on the same corpus.

        It names the settings that `--size` has fitted to the time budget, because the command has
        a number of steps instead of the budget.

        Args:
            steps: planned optimizer steps of the run.
        """
        decided = DECIDED_BY_MODEL if self.init_from else ()
        parts = [f"textgen train CORPUS -o NEW --from {self._start()}"]
        parts += options_of(self.corpus, [n for n in _chosen(self.corpus) if n not in decided])
        parts += options_of(self.network, _chosen(self.network))
        length = [name for name in _chosen(self.training) if name not in NOT_REPEATED]
        return " ".join(
            [
                *parts,
                f"--steps {steps} --seed {self.training.seed}",
                *options_of(self.training, length),
            ]
        )

    def require(
        self, settings: Mapping[str, Any], start: str | Path, complete: Path | None = None
    ) -> dict[str, Any]:
        """Refuse settings that differ from those that the training began with.

        Args:
            settings: settings that were chosen again.
            start: what the training starts from, if that was named; else "auto".
            complete: the model folder, if the training is complete.

        Returns:
            the settings that may change.

        Raises:
            UsageError: a setting differs; the message names the first.
            MissingInput, DataError: `start` is no model.
        """
        what, remedy = _words(complete)
        corpus, network, training = split_by_config(
            settings, CorpusConfig, NetworkConfig, TrainingConfig
        )
        free = {name: training.pop(name) for name in FREE_TO_CHANGE if name in training}
        for stored, given in (
            (self.corpus, corpus),
            (self.network, network),
            (self.training, training),
        ):
            _require_same(stored, given, what, remedy)
        if start != AUTO and _weights_at(start) != (self.init_from or {}).get("sha256"):
            begun = self.init_from
            others = f"the weights of {begun['model']}" if begun else "random weights"
            raise UsageError(f"start is {start}, but {what} began with {others}; {remedy}")
        return free

    def _start(self) -> str:
        """Return the start of the run, as it is named again."""
        if self.init_from is None:
            return SCRATCH
        weights = self.init_from["sha256"]
        return next((name for name in BASES if _weights_at(name) == weights), "MODEL")


def run_settings_of(folder: Path) -> RunSettings:
    """Return the settings that the training of a finished model began with.

    Raises:
        DataError: they are not on record, or there is no model.
    """
    model = read_model(folder)
    try:
        return RunSettings.of_model(model)
    except DataError as error:
        remedy = by_setting("train on with {} and a new output", "start", str(folder))
        raise DataError(f"{folder}: {error}, so nothing can be compared; {remedy}") from None


def _weights_at(start: str | Path) -> str | None:
    """Return the SHA-256 of the weights that a start names; None for random ones."""
    folder = model_of(start)
    return weights_of(named(folder))["sha256"] if folder else None


def weights_of(folder: Path) -> dict[str, str]:
    """Return name and weights' SHA-256 of a model, as a record of an initialization.

    Raises:
        MissingInput, DataError: it is no model.
    """
    try:
        digest = read_manifest(folder)["files"][WEIGHTS]["sha256"]
    except (KeyError, TypeError):
        raise DataError(f"{folder / MANIFEST}: damaged; copy the model folder anew") from None
    return {"model": folder.absolute().name, "sha256": digest}


def _chosen(config: Config) -> list[str]:
    """Return the settings that are not at their defaults, and those that `--size` may fit."""
    return [
        field.name
        for field in dataclasses.fields(config)
        if field.metadata["is_fitted"] or getattr(config, field.name) != field.default
    ]


def _words(complete: Path | None) -> tuple[str, str]:
    """Return the name of a training in an error, and the remedy for a setting that differs."""
    if complete is None:
        remedy = "leave it out, or " + by_setting("begin another with {}", "start")
        return "the training to resume", remedy
    train_on = by_setting("train on with {} and a new output", "start", str(complete))
    return f"{complete}, which is complete,", f"leave it out, or {train_on}"


def _require_same(stored: Config, given: Mapping[str, Any], what: str, remedy: str) -> None:
    """Refuse the first setting that differs from the stored one."""
    for name, value in given.items():
        if not _has(stored, name, value):
            raise UsageError(
                f"{name} is {value!r}, but {what} has {getattr(stored, name)!r}; {remedy}"
            )


def _has(stored: Config, name: str, value: Any) -> bool:
    """Return whether a setting has a value, in any notation of it."""
    try:
        return stored.replace(**{name: value}) == stored
    except UsageError:  # impossible with the other settings
        return False
