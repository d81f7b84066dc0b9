"""`TextGenerator`: the class that an application imports."""

import secrets
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, overload

from textgen.artifact.model_folder import Model, read_model, write_model
from textgen.config.arguments import checked, in_range
from textgen.config.generation import DEFAULT_NEXT_TOKENS, GenerationConfig
from textgen.config.model import MOST_THREADS, PACKAGED_MODEL, PRECISIONS
from textgen.config.start import AUTO
from textgen.corpus.texts import CorpusArgument
from textgen.errors import UsageError
from textgen.evaluation.measure_corpus import how_to_read, measure_corpus
from textgen.evaluation.quality import Quality
from textgen.progress import SILENT, ProgressReporter
from textgen.runtime.engine.loading import load_engine
from textgen.runtime.generation.begin import begin_sequence
from textgen.runtime.generation.next_token import NextToken, next_tokens
from textgen.runtime.generation.prompts import CountsReporter, PromptQueue, Prompts, Row, Rows
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import RoundCounts, Scheduler, run_all
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.text_stream import REMEMBERED, Remembered, TextStream
from textgen.sampling.user_processors import LogitsProcessor, with_hooks
from textgen.session.dynamic_evaluation import Adaptation
from textgen.session.session import Session
from textgen.tokenization.store_cache import StoreArgument

# A seed drawn when none is given: short enough to be typed again.
RANDOM_SEED_BELOW = 2**32
Threads = Annotated[int, in_range(1, MOST_THREADS)]


@checked
class TextGenerator:
    """Generates text with a trained model. Needs no training framework; threads may share one.

    Every call starts afresh: no generation changes another one.

        >>> from textgen import TextGenerator
        >>> generator = TextGenerator.from_pretrained()
        >>> str(generator.generate("It was", seed=1, max_new_tokens=2, temperature=0)) != ""
        True
    """

    def __init__(self, model: Model, *, precision: str | None = None, threads: Threads = 1) -> None:
        """Arguments and errors are those of `from_pretrained`."""
        chosen = precision or model.precision
        if chosen not in PRECISIONS:
            raise UsageError(f"precision is {chosen!r}; it must be one of {', '.join(PRECISIONS)}")
        self.model = model
        self.decoder = load_engine(model.config, model.weights, precision=chosen, threads=threads)
        self.tokenizer = model.tokenizer

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path = PACKAGED_MODEL,
        *,
        precision: str | None = None,
        threads: Threads = 1,
    ) -> "TextGenerator":
        """Load a model folder.

        Args:
            folder: a model folder; the default is the small English model in the package.
            precision: "int8" or "fp32"; None takes the one that was measured as best for the
                model.
            threads: threads of one operation; more than one pays only for large models on idle
                cores.

        Raises:
            MissingInput: `folder` is not a model folder.
            DataError: a file in it is damaged.
            UnsafeModel: it holds a file that a model folder must not hold.
            UsageError: no such precision.
        """
        return cls(read_model(Path(folder)), precision=precision, threads=threads)

    @classmethod
    def train(  # noqa: PLR0913  # the arguments of `textgen train`
        cls,
        corpus: StoreArgument,
        *,
        out: str | Path,
        preset: str | None = None,
        resume: bool = False,
        overwrite: bool = False,
        start: str | Path = AUTO,
        init_from: str | Path | None = None,
        allow_changed_data: bool = False,
        callbacks: Sequence[Any] = (),
        progress: ProgressReporter = SILENT,
        **settings: Any,
    ) -> "TextGenerator":
        """Train a model on a corpus and write its folder. Needs the `train` extra.

        While TensorFlow is loaded, what the process writes to stderr is hidden.

        Args:
            corpus: a file, folder, glob, hub set, recipe or token store; or a list, array, column
                or other iterable of texts, each of them a document, or of rows, as mappings.
            out: the model folder to make.
            preset: one of `config.presets.PRESETS`, whose settings apply where none was chosen.
            resume: go on from the last checkpoint in `out`; without one, begin anew. Nothing is
                done if the model is complete; to train it on, give it as `start`.
            overwrite: move what stands there aside.
            start: "english", the base model that comes with textgen, or a model folder: their
                weights and tokens are fine-tuned on the corpus. "none" is random weights. "auto"
                takes the base model if the settings allow it and it suits the text.
            init_from: the old name of `start`; deprecated.
            allow_changed_data: resume even if the corpus is another one now.
            callbacks: Keras callbacks; see `Trainer`.
            progress: receives the progress of the corpus, then the stage "training" in steps.
            settings: fields of `CorpusConfig`, `NetworkConfig` and `TrainingConfig`, for instance
                `budget="5m"`, `units=(512, 512)`. A resumed training has those it began with.

        Raises:
            UsageError: `out` exists, an unknown setting, an impossible value, no TensorFlow, or a
                process forked from one that has trained.
            DataError: the corpus cannot be used, or is not what a resumed training began with.
            Busy: another training is at work in `out`.
            TrainingDiverged: the loss became NaN or infinite; the best model before is in `out`.
            Interrupted: a `KeyboardInterrupt`; checkpoint and best model so far are in `out`.
        """
        from textgen.trainer.job import TrainingJob  # here, so that importing us stays light

        if init_from is not None:
            warnings.warn("init_from is called start now", DeprecationWarning, stacklevel=3)
            start = Path(init_from)
        run = TrainingJob(
            Path(out),
            settings,
            preset=preset,
            resume=resume,
            overwrite=overwrite,
            start=start,
            allow_changed_data=allow_changed_data,
        )
        with run:
            if run.is_finished:
                run.require_corpus(corpus, progress)
                return cls.from_pretrained(out)
            run.open(corpus, progress)
            run.load_tensorflow(quiet=True)
            return cls(run.finish(run.make_trainer(callbacks, progress).run()))

    def labelled(self, mix: Mapping[str, float]) -> "TextGenerator":
        """Return the generator for one conditioning label, or for a mix of several.

        Args:
            mix: weights from 0 to 1 by label; see `Model.labelled`.
        """
        precision, threads = self.decoder.precision, self.decoder.threads
        return TextGenerator(self.model.labelled(mix), precision=precision, threads=threads)

    def save_pretrained(
        self, folder: str | Path, *, overwrite: bool = False, storage: str | None = None
    ) -> None:
        """Write the model to a folder.

        Args:
            folder: the folder to make.
            overwrite: rename an existing folder to NAME.old.
            storage: "fp32", "fp16" or "int8", the format of the weights; None keeps the
                model's own.

        Raises:
            UsageError: `folder` exists and `overwrite` is false.
            OSError: the disk refused; nothing is left half-written.
        """
        model = self.model if storage is None else self.model.stored_as(storage)
        write_model(model, Path(folder), overwrite=overwrite)

    @overload
    def generate(
        self,
        prompt: str = "",
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        **settings: Any,
    ) -> Generation: ...

    @overload
    def generate(
        self,
        prompt: Iterable[Row],
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        **settings: Any,
    ) -> list[Generation]: ...

    def generate(
        self,
        prompt: Prompts = "",
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        hooks: Sequence[LogitsProcessor] = (),
        **settings: Any,
    ) -> Generation | list[Generation]:
        """Continue a prompt, or each of a list of prompts side by side.

            >>> from textgen import TextGenerator
            >>> generator = TextGenerator.from_pretrained()
            >>> generator.generate("It was", seed=1, max_new_tokens=3).finish_reason
            'length'

        Args:
            prompt: any text; it may be empty. Or a list, array, column or other iterable of
                texts and of mappings with the "prompt" and settings of its own. The n-th of them
                is drawn with `seed + n`, and each result is the one that it has alone.
            logits_processors: functions from the tokens so far, of shape (tokens,), and the
                logits of the next token, of shape (vocabulary,), to new logits; applied before
                the filters.
            hooks: the old name of `logits_processors`; deprecated.
            settings: fields of `GenerationConfig`; they override the model's own.

        Returns:
            one result, or a list of one for each prompt. An error of a prompt in a list is in its
            result.

        Raises:
            UsageError: an unknown setting, an impossible value, or a logits processor that failed.
            DataError: a prompt with a lone surrogate, or a constraint that cannot be kept.
        """
        processors = with_hooks(logits_processors, hooks)
        if not isinstance(prompt, str):
            return list(self.generate_each(prompt, logits_processors=processors, **settings))
        sequence = self._begin(prompt, self.configure(**settings), processors)
        for _ in run_all(self.decoder, [sequence]):
            pass
        if sequence.error:
            raise sequence.error
        return sequence.result()

    def generate_each(
        self,
        rows: Rows,
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        hooks: Sequence[LogitsProcessor] = (),
        progress: ProgressReporter = SILENT,
        advanced: Callable[[RoundCounts], None] | None = None,
        is_over: Callable[[], bool] = lambda: False,
        **settings: Any,
    ) -> Iterator[Generation]:
        """Continue prompts side by side, and yield each result in its turn.

        Args:
            rows: prompts, or mappings with the "prompt" and settings of its own; taken as needed.
                An error in the place of a row comes out in its result.
            logits_processors: as for `generate`.
            hooks: the old name of `logits_processors`; deprecated.
            progress: is told the tokens that were read and written, as its stages "reading" and
                "writing".
            advanced: called with both numbers; deprecated, use `progress`.
            is_over: asked now and then whether all texts shall end as they are.
            settings: of all rows.

        Raises:
            UsageError: an unknown setting, or an impossible value, among those of all rows.
        """
        processors = with_hooks(logits_processors, hooks)
        begin = partial(self._begin, logits_processors=processors)
        queue = PromptQueue(rows, self.configure(**settings), begin)
        if advanced is not None:
            warnings.warn("advanced is called progress now", DeprecationWarning, stacklevel=3)
            progress = CountsReporter(advanced)
        return queue.run(self.decoder, progress, is_over)

    def stream(
        self,
        prompt: str = "",
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        hooks: Sequence[LogitsProcessor] = (),
        remembered: Remembered = REMEMBERED,
        **settings: Any,
    ) -> TextStream:
        """Continue a prompt chunk by chunk: iterate over the stream that is returned.

        Args:
            prompt: any text; it may be empty.
            logits_processors: as for `generate`.
            hooks: the old name of `logits_processors`; deprecated.
            remembered: number of the last tokens that the stream's `result()` holds, so that an
                endless one (`max_new_tokens=-1`) does not take more and more memory; None for all.
            settings: as for `generate`.

        Raises:
            UsageError, DataError: as for `generate`; some of them only while it is iterated over.
        """
        processors = with_hooks(logits_processors, hooks)
        config = self.configure(**settings)
        return TextStream(self.decoder, self._begin(prompt, config, processors, remembered))

    def scheduler(self) -> Scheduler:
        """Return a scheduler, which runs sequences of several threads or asyncio tasks together.

        >>> from textgen import TextGenerator
        >>> generator = TextGenerator.from_pretrained()
        >>> config = generator.configure(seed=1, max_new_tokens=3)
        >>> with generator.scheduler() as scheduler:
        ...     result = scheduler.submit(generator.sequence("It was", config)).result()
        >>> result == generator.generate("It was", **config.to_dict())
        True
        """
        return Scheduler(self.decoder)

    def sequence(
        self,
        prompt: str,
        config: GenerationConfig,
        logits_processors: Sequence[LogitsProcessor] = (),
        remembered: Remembered = None,
    ) -> TextSequence:
        """Begin a sequence, for a scheduler to run.

        Args:
            prompt: any text; it may be empty.
            config: all settings; see `configure`.
            logits_processors: as for `generate`.
            remembered: as for `stream`.

        Raises:
            UsageError: settings with which this model can generate nothing.
            DataError: a prompt with a lone surrogate.
        """
        return self._begin(prompt, config, logits_processors, remembered)

    def check(self, **settings: Any) -> None:
        """Refuse settings with which this model can generate nothing; nothing is generated.

        Args:
            settings: as for `generate`.

        Raises:
            UsageError: an unknown setting, or an impossible value.
            DataError: a constraint that cannot be kept.
        """
        self._begin("", self.configure(**settings))

    def session(self, **settings: Any) -> Session:
        """Begin a text that is fed and generated bit by bit; see `Session`.

        Args:
            settings: as for `generate`.

        Raises:
            UsageError: an unknown setting, or an impossible value.
        """
        return Session(self.model, self.decoder, self.configure(**settings))

    def load_session(
        self, path: str | Path, adaptation: Adaptation | None = None, **settings: Any
    ) -> Session:
        """Resume a session from a file; see `Session.load`.

        Args:
            path: of the file.
            adaptation: the one that the session had, if it had one.
            settings: fields of `GenerationConfig`, which replace those in the file.
        """
        return Session.load(path, self.model, self.decoder, adaptation, **settings)

    def next(
        self, prompt: str = "", k: int = DEFAULT_NEXT_TOKENS, **settings: Any
    ) -> list[NextToken]:
        """Return the k likeliest tokens after a prompt, the likeliest first.

        Args:
            prompt: any text; it may be empty.
            k: number of tokens.
            settings: fields of `GenerationConfig`, on which the sampled probability depends.

        Raises:
            UsageError: an unknown setting, or an impossible value.
        """
        return next_tokens(self.decoder, self._begin(prompt, self.configure(**settings)), k)

    def configure(self, **settings: Any) -> GenerationConfig:
        """Return all settings of a generation: those given, else the model's; with a seed.

        Args:
            settings: fields of `GenerationConfig`.

        Raises:
            UsageError: an unknown setting, or an impossible value.
        """
        config = self.model.generation.replace(**settings)
        if config.seed is not None:
            return config
        return config.replace(seed=secrets.randbelow(RANDOM_SEED_BELOW))

    def evaluate(
        self,
        corpus: CorpusArgument,
        *,
        split: str = "all",
        progress: ProgressReporter = SILENT,
        watch: ProgressReporter | None = None,
        **settings: Any,
    ) -> Quality:
        """Measure the model on a corpus in one pass with carried state.

        Args:
            corpus: as for `train`, but for a token store.
            split: "all", or one of the splits that this corpus has when it is cut as the
                model's own was.
            progress: receives the progress of reading and scoring.
            watch: the old name of `progress`, deprecated.
            settings: fields of `DocumentRule`; what is not given is as for the model's own
                corpus.

        Raises:
            UsageError: no such split, or it is empty, or an unknown setting.
            MissingInput, DataError: the corpus cannot be read.
        """
        if watch is not None:
            warnings.warn("watch is called progress now", DeprecationWarning, stacklevel=3)
            progress = watch
        own = self.model.provenance.corpus_settings
        reading = how_to_read(own, self.tokenizer.normal_form, split, settings)
        inherited = reading.keys() - settings.keys()
        return measure_corpus(
            self.decoder, self.tokenizer, corpus, reading, split, progress, inherited=inherited
        )

    def _begin(
        self,
        prompt: str,
        config: GenerationConfig,
        logits_processors: Sequence[LogitsProcessor] = (),
        remembered: int | None = None,
    ) -> TextSequence:
        """Begin a sequence, without a look at the types of the arguments."""
        return begin_sequence(
            self.tokenizer,
            self.tokenizer.clean_prompt(prompt),
            config,
            self.model.copies,
            logits_processors=logits_processors,
            capacity=remembered,
        )
