"""`Session`: a text that is fed and generated bit by bit, and can be saved, forked and undone."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.model_folder import Model
from textgen.config.arguments import checked
from textgen.config.generation import DEFAULT_NEXT_TOKENS, GenerationConfig
from textgen.errors import UsageError
from textgen.evaluation.quality import Quality
from textgen.evaluation.scorer import measure_text
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.begin import begin_sequence
from textgen.runtime.generation.infill import CANDIDATES, infill
from textgen.runtime.generation.next_token import NextToken, next_tokens
from textgen.runtime.generation.prompts import SEEDS
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.snapshot import BEGINNING, StateSnapshot
from textgen.runtime.generation.text_stream import REMEMBERED, Remembered
from textgen.sampling.user_processors import LogitsProcessor, with_hooks
from textgen.session.dynamic_evaluation import Adaptation
from textgen.session.saved_session import SavedSession
from textgen.session.session_stream import SessionStream
from textgen.tokenization.decoding import BROKEN


@checked
class Session:
    """A text in progress. Threads may use several at once, but not one.

    A draw depends on the seed and on the number of tokens that were drawn before: ten tokens and
    ten more are the twenty that one call generates. After `undo` the same call generates the same
    text again, as it does in a fork; another seed generates another text. `undo` with the number
    of a result's tokens takes that result back.

    Text that a call has returned never changes. So where twenty tokens are generated in two calls,
    a banned phrase (`ban`), a copy (`max_copy`), a stop string (`stop`) or a unit (`stop_at`) that
    begins in the first call and is complete in the second can change the second part alone, and a
    constraint begins anew with each call. All other settings look back over the border, and change
    nothing there.

    A text that ended before a stop string can go on: the same call may begin with that string, and
    ends before the next one.

        >>> from textgen import TextGenerator
        >>> session = TextGenerator.from_pretrained().session(seed=1, max_new_tokens=10)
        >>> session.feed("It was a dark night")
        >>> result = session.generate()
        >>> session.text == "It was a dark night" + result.text
        True
        >>> session.undo(len(result.tokens))
        >>> session.text
        'It was a dark night'

    Args:
        model, decoder: the model, and the engine that runs it.
        config: the settings of all generations, with a seed.
        snapshot: the point at which the text stands.
        adaptation: what the model has learned beside its weights, if anything.
    """

    __slots__ = (
        "_adaptation",
        "_base_engine",
        "_config",
        "_engine",
        "_model",
        "_snapshot",
        "_stream",
    )

    def __init__(
        self,
        model: Model,
        decoder: Engine,
        config: GenerationConfig,
        snapshot: StateSnapshot = BEGINNING,
        adaptation: Adaptation | None = None,
    ) -> None:
        self._model = model
        self._engine = decoder
        self._config = config
        self._snapshot = snapshot
        self._stream: SessionStream | None = None
        self._base_engine = decoder  # without an adaptation
        self.adaptation = adaptation

    @property
    def config(self) -> GenerationConfig:
        """The settings of its generations, where a call does not override them."""
        return self._config

    @property
    def snapshot(self) -> StateSnapshot:
        """The point at which the text stands: after the text that was taken of a stream."""
        return self._stream.snapshot() if self._stream else self._snapshot

    @property
    def moment(self) -> StateSnapshot:
        """The old name of `snapshot`; deprecated."""
        warnings.warn("moment is now called snapshot", DeprecationWarning, stacklevel=2)
        return self.snapshot

    @property
    def text(self) -> str:
        """All of the text, fed and generated, as far back as it is known.

        A character whose bytes are not all generated is not part of it yet.
        """
        snapshot = self.snapshot
        tokens = snapshot.known_tokens()
        text = self._decode(tokens)
        is_whole = len(tokens) == snapshot.length  # else it may begin within a character
        return text if is_whole else text.lstrip(BROKEN)

    def feed(self, text: str) -> None:
        """Let the model read some more text.

        The bytes of an incomplete character are taken back first.

        Args:
            text: any text.

        Raises:
            DataError: it holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        tokens = tokenizer.encode(tokenizer.clean_prompt(text))
        self._move_to(self._complete().read(self._engine, tokens))

    @property
    def adaptation(self) -> Adaptation | None:
        """What `adapt` has learned; None is nothing. It may be set, to that of another session.

        Raises:
            DataError: it belongs to another model.
        """
        return self._adaptation

    @adaptation.setter
    def adaptation(self, adaptation: Adaptation | None) -> None:
        if adaptation:
            adaptation.check(self._model)
        self._move_to(self.snapshot)
        self._adaptation, self._engine = adaptation, self._base_engine
        if adaptation:
            self._engine = adaptation.decoder(self._model, self._base_engine)

    def adapt(self, text: str) -> None:
        """Let the model read some more text, and learn from it (dynamic evaluation).

        It needs no training framework. What was learned stays when the text is taken back, goes
        with a fork, and is forgotten with `session.adaptation = None`.

        Args:
            text: any text.

        Raises:
            DataError: the text holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        tokens, snapshot = tokenizer.encode(tokenizer.clean_prompt(text)), self._complete()
        before = self._adaptation or Adaptation.none(self._model)
        self.adaptation = before.read(self._model, self._base_engine, snapshot, tokens)
        self._move_to(snapshot.read(self._base_engine, tokens))

    def generate(
        self,
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        hooks: Sequence[LogitsProcessor] = (),
        **settings: Any,
    ) -> Generation:
        """Generate some more text.

        Args:
            logits_processors: as for `TextGenerator.generate`.
            hooks: the old name of `logits_processors`; deprecated.
            settings: fields of `GenerationConfig`, instead of the session's own.

        Returns:
            the new text; its `finish_reason` tells why it ends.

        Raises:
            UsageError: an unknown setting, an impossible value, or a logits processor that failed.
            DataError: a constraint that cannot be kept.
        """
        stream = self._begin(with_hooks(logits_processors, hooks), None, settings)
        for _ in stream:
            pass
        self._move_to(self.snapshot)
        return stream.result()

    def infill(self, behind: str, **settings: Any) -> Generation:
        """Generate a text between the session's and another one; the session stands before that.

        Args:
            behind: the text after the gap.
            settings: as for `generate`; at most `max_new_tokens` tokens are generated.

        Raises:
            UsageError: an unknown setting, an impossible value, or the text after the gap is empty.
            DataError: the model ends the text at once, or `behind` holds a lone surrogate.
        """
        tokenizer, start = self._model.tokenizer, self._complete()
        seed = self._config.replace(**settings).seed or 0
        candidates = [
            self._sequence((), None, settings | {"seed": (seed + number) % SEEDS}, start)
            for number in range(CANDIDATES)
        ]
        after = tokenizer.clean_prompt(behind)
        filling = infill(self._engine, tokenizer, start, candidates, after)
        self._move_to(start.read(self._engine, np.array(filling.tokens)))
        return filling

    def stream(
        self,
        *,
        logits_processors: Sequence[LogitsProcessor] = (),
        hooks: Sequence[LogitsProcessor] = (),
        remembered: Remembered = REMEMBERED,
        **settings: Any,
    ) -> SessionStream:
        """Generate some more text, chunk by chunk.

        At any time the session stands after the text that was taken. The stream is over when the
        session moves on without it.

        Args:
            logits_processors: as for `generate`.
            hooks: the old name of `logits_processors`; deprecated.
            remembered: number of the last tokens that the stream's `result` holds; None for all.
            settings: as for `generate`.

        Raises:
            UsageError, DataError: as for `generate`; some of them only while it is iterated over.
        """
        return self._begin(with_hooks(logits_processors, hooks), remembered, settings)

    def next(self, k: int = DEFAULT_NEXT_TOKENS, **settings: Any) -> list[NextToken]:
        """Return the k likeliest next tokens; see `TextGenerator.next`."""
        return next_tokens(self._engine, self._sequence((), None, settings, self.snapshot), k)

    def score(self, text: str) -> Quality:
        """Measure how well the model predicts a text here; the session does not change.

        Args:
            text: any text.

        Raises:
            UsageError: the text is empty.
            DataError: it holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        clean = tokenizer.clean_prompt(text)
        return measure_text(self._engine, tokenizer, clean, self._complete())

    def __reduce__(self) -> tuple[Any, ...]:
        snapshot, adaptation = self.snapshot, self._adaptation
        return Session, (self._model, self._base_engine, self._config, snapshot, adaptation)

    def fork(self) -> "Session":
        """Return another session with the same text; neither changes the other."""
        fork = Session(self._model, self._base_engine, self._config, self.snapshot)
        fork._adaptation, fork._engine = self._adaptation, self._engine
        return fork

    def undo(self, count: int) -> None:
        """Take back the last tokens, fed or generated.

        Args:
            count: number of tokens.

        Raises:
            UsageError: fewer tokens are known; the text stays as it is.
        """
        if count < 0:
            raise UsageError(f"undo takes back {count} tokens; it must be at least 0")
        self._move_to(self.snapshot.undo(self._engine, count))

    @classmethod
    def mix(cls, one: "Session", other: "Session", weight: float) -> "Session":
        """Return a session with the text of one, in a state between those of two.

        Args:
            one: the session whose text, settings and random numbers are taken.
            other: a session of the same model.
            weight: of the other's state, from 0 to 1. With 0 nothing is mixed in.

        Raises:
            UsageError: the weight is out of range, or the models differ.
        """
        if not 0 <= weight <= 1:
            raise UsageError(f"weight is {weight}; it must be from 0 to 1")
        if other._base_engine is not one._base_engine:
            raise UsageError("the sessions are of different models; mix two of the same")
        result = one.fork()
        result._move_to(one.snapshot.mixed(other.snapshot, weight, one._base_engine))
        return result

    def save(self, path: str | Path, *, text: bool = True) -> None:
        """Write the session to a file, from which `load` goes on in any process.

        Args:
            path: of the file; a file that exists is replaced at once, or stays.
            text: whether the text is saved too, for `text` and `undo`. An adaptation has a file of
                its own (`session.adaptation.save`).

        Raises:
            OSError: the disk refused.
        """
        engine, adaptation = self._base_engine, self._adaptation
        parts = (self._model, engine.precision, self._config, self.snapshot, adaptation)
        SavedSession.of(*parts, text=text).write(Path(path))

    @classmethod
    def load(
        cls,
        path: str | Path,
        model: Model,
        decoder: Engine,
        adaptation: Adaptation | None = None,
        **settings: Any,
    ) -> Self:
        """Read a file that `save` wrote; `TextGenerator.load_session` is shorter.

        Args:
            path: of the file.
            model: the model that wrote it.
            decoder: the engine that runs the model.
            adaptation: the one that the session had, if it had one.
            settings: fields of `GenerationConfig`, which replace those in the file.

        Raises:
            MissingInput: there is no such file.
            DataError: it is damaged, or of another model, precision or adaptation.
            UsageError: an unknown setting, or an impossible value.
        """
        saved = SavedSession.read(Path(path))
        saved.check(model, decoder.precision, adaptation)
        config = saved.config.replace(**settings)
        return cls(model, decoder, config, saved.snapshot, adaptation)

    def _begin(
        self,
        logits_processors: Sequence[LogitsProcessor],
        remembered: int | None,
        settings: dict[str, Any],
    ) -> SessionStream:
        """Begin a stream; an earlier one is over."""
        sequence = self._sequence(logits_processors, remembered, settings, self.snapshot)
        self._move_to(self.snapshot)
        self._stream = SessionStream(self._engine, sequence)
        return self._stream

    def _complete(self) -> StateSnapshot:
        """Return the snapshot before an incomplete character at the end of the text."""
        snapshot, closed = self.snapshot, self.snapshot.closed(self._engine)
        if closed is snapshot:
            return snapshot
        opened = snapshot.known_tokens(snapshot.open_tokens)  # the first may hold whole ones, too
        return closed.read(self._engine, self._model.tokenizer.encode(self._decode(opened)))

    def _decode(self, tokens: NDArray[np.integer]) -> str:
        """Return the text of tokens, without an incomplete character at their end."""
        detokenizer = self._model.tokenizer.detokenizer()
        text = "".join(map(detokenizer.push, tokens.tolist()))
        return text if detokenizer.is_open else text + detokenizer.finish()

    def _sequence(
        self,
        logits_processors: Sequence[LogitsProcessor],
        remembered: int | None,
        settings: dict[str, Any],
        start: StateSnapshot,
    ) -> TextSequence:
        """Begin a sequence that continues the text from a snapshot on."""
        return begin_sequence(
            self._model.tokenizer,
            "",
            self._config.replace(**settings),
            self._model.copies,
            logits_processors=logits_processors,
            capacity=remembered,
            start=start,
        )

    def _move_to(self, snapshot: StateSnapshot) -> None:
        """Let the text stand at a snapshot, and let no stream change it."""
        if self._stream:
            self._stream.close()
        self._stream, self._snapshot = None, snapshot
