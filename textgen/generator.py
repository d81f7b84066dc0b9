"""`TextGenerator`: what an application imports."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from textgen.config.base import reject_unknown
from textgen.config.corpus import CorpusConfig, DocumentRule
from textgen.config.generation import GenerationConfig
from textgen.errors import DataError, UsageError
from textgen.model_folder import Model, read_model, write_model
from textgen.runtime.decoder import Decoder
from textgen.runtime.generation import Generation, TextStream
from textgen.scoring import Quality, measure
from textgen.tokenization.prepare import Progress, ignore_progress, read_spans, survey
from textgen.tokenization.sources import open_source
from textgen.tokenization.splits import choose_split
from textgen.tokenization.token_store import TokenStore

# A seed drawn when none is given: short enough to be typed again.
RANDOM_SEED_BELOW = 2**32


class TextGenerator:
    """Writes text with a trained model. Needs no training framework; safe to share by threads.

    Every call starts afresh: nothing of one generation reaches another.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.decoder = Decoder(model.config, model.weights)
        self.tokenizer = model.tokenizer

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "TextGenerator":
        """Load a model folder.

        Raises:
            MissingInput: `folder` is not a model folder.
            DataError: something in it is damaged.
            UnsafeModel: it holds what a model folder must not hold.
        """
        return cls(read_model(Path(folder)))

    @classmethod
    def train(
        cls,
        corpus: str | Path | TokenStore,
        *,
        out: str | Path,
        resume: bool = False,
        overwrite: bool = False,
        init_from: str | Path | None = None,
        allow_changed_data: bool = False,
        callbacks: Sequence[Any] = (),
        **settings: Any,
    ) -> "TextGenerator":
        """Train a model on a corpus and write its folder. Needs the `train` extra.

        Args:
            corpus: a file, folder, glob, recipe, or token store.
            out: the model folder to make.
            resume: go on from the last checkpoint in `out`; without one, begin anew. Nothing is
                done if the model is complete.
            overwrite: move what stands there aside.
            init_from: a model folder whose weights and tokenizer the training begins with.
            allow_changed_data: resume even if the corpus is another one now.
            callbacks: Keras callbacks; see `Trainer`.
            settings: fields of `CorpusConfig`, `NetworkConfig` and `TrainingConfig`,
                for instance `budget="5m"`, `units=(512, 512)`, `tokenizer="bpe"`. A resumed
                training has those that it began with.

        Raises:
            UsageError: `out` exists, an unknown setting, an impossible value, or no TensorFlow.
            DataError: the corpus cannot be used, or is not what a resumed training began with.
            Busy: another training is at work in `out`.
            TrainingDiverged: the loss became NaN or infinite; the best model before is at `out`.
            Interrupted: a `KeyboardInterrupt`; a checkpoint and the best model so far are at
                `out`.
        """
        from textgen.trainer.run import TrainingRun  # here, so that importing us stays light

        run = TrainingRun(
            Path(out), settings, resume=resume, overwrite=overwrite,
            init_from=Path(init_from) if init_from else None,
            allow_changed_data=allow_changed_data,
        )  # fmt: skip
        with run:
            if run.is_finished:
                return cls.from_pretrained(out)
            run.open(corpus if isinstance(corpus, TokenStore) else str(corpus))
            run.load_tensorflow()
            return cls(run.train(callbacks))

    def save_pretrained(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the model to a folder.

        Raises:
            UsageError: `folder` exists and `overwrite` is false.
            OSError: the disk refused; nothing is left half-written.
        """
        write_model(self.model, Path(folder), overwrite=overwrite)

    @overload
    def generate(self, prompt: str = "", **settings: Any) -> Generation: ...

    @overload
    def generate(self, prompt: Sequence[str], **settings: Any) -> list[Generation]: ...

    def generate(
        self, prompt: str | Sequence[str] = "", **settings: Any
    ) -> Generation | list[Generation]:
        """Continue a prompt, or each of a list of prompts.

        Args:
            prompt: any text; it may be empty. In a list, the n-th prompt is drawn with
                `seed + n`, so that each result can be had again alone.
            settings: fields of `GenerationConfig`; they override the model's own.

        Raises:
            UsageError: an unknown setting, or an impossible value.
            DataError: a prompt with a lone surrogate.
        """
        if isinstance(prompt, str):
            stream = self.stream(prompt, **settings)
            for _ in stream:
                pass
            return stream.result()
        seed = self._config(settings).seed
        first = _random_seed() if seed is None else seed
        return [
            self.generate(text, **settings | {"seed": first + number})
            for number, text in enumerate(prompt)
        ]

    def stream(self, prompt: str = "", **settings: Any) -> TextStream:
        """Continue a prompt piece by piece: iterate over what is returned.

        Its `result()` is the `Generation`. Arguments and errors as for `generate`.
        """
        config = self._config(settings)
        seed = _random_seed() if config.seed is None else config.seed
        return TextStream(self.decoder, self.tokenizer, self.tokenizer.clean(prompt), config, seed)

    def evaluate(
        self,
        corpus: str | Path,
        *,
        split: str = "all",
        advance: Progress = ignore_progress,
        **settings: Any,
    ) -> Quality:
        """Measure the model on a corpus in one pass with carried state.

        Args:
            corpus: a file, folder, glob, hub set or recipe.
            split: "all", or one of the splits that this corpus has when it is cut as the
                model's own was.
            advance: is told of each stage's advance in characters.
            settings: fields of `DocumentRule`; what is not given is as for the model's own
                corpus.

        Raises:
            UsageError: no such split, or it is empty, or an unknown setting.
            MissingInput, DataError: the corpus cannot be read.
        """
        reject_unknown(settings, DocumentRule.names())
        with open_source(str(corpus), self._reading(split, settings)) as source:
            cut, part = choose_split(survey(source, advance), split, source.config.validation)
            pieces = (piece for here, piece in read_spans(source, cut) if here == part)
            return measure(self.decoder, self.tokenizer, pieces, advance)

    def _config(self, settings: dict[str, Any]) -> GenerationConfig:
        """Return the model's generation settings with some of them replaced."""
        return self.model.generation.replace(**settings)

    def _reading(self, split: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Return how a corpus is read for the model: as its own was, changed by some settings."""
        told = self.model.provenance.get("corpus", {}).get("settings", {})
        try:
            own = CorpusConfig.from_dict(told, where="manifest.json: corpus")
        except UsageError as error:
            raise DataError(str(error)) from None
        names = [*DocumentRule.names(), *(["validation"] if split != "all" else [])]
        if {"column", "template"} & settings.keys():
            names = [name for name in names if name not in ("column", "template")]
        kept = {name: getattr(own, name) for name in names}
        tokenizer = "word" if own.strict else "char"  # which of the others makes no difference
        fixed = {"normalize": self.tokenizer.normal_form, "tokenizer": tokenizer}
        return {**kept, **settings, **fixed}


def _random_seed() -> int:
    """Draw a seed."""
    return secrets.randbelow(RANDOM_SEED_BELOW)
