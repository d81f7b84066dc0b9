"""`Session`: a text that is read and written bit by bit, and can be left, split and taken back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textgen.artifact.model_folder import Model
from textgen.config.arguments import checked
from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.evaluation.quality import Quality
from textgen.evaluation.scorer import measure_text
from textgen.runtime.engine.engine import Engine
from textgen.runtime.generation.backtracking import begin_sequence
from textgen.runtime.generation.infill import CANDIDATES, infill
from textgen.runtime.generation.next_token import NextToken, next_tokens
from textgen.runtime.generation.prompts import SEEDS
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.snapshot import BEGINNING, StateSnapshot
from textgen.runtime.generation.text_stream import REMEMBERED, Remembered
from textgen.sampling.user_processors import LogitsProcessor
from textgen.session.dynamic_evaluation import Adaptation
from textgen.session.saved_session import SavedSession
from textgen.session.session_stream import SessionStream
from textgen.tokenization.decoding import BROKEN


@checked
class Session:
    """A text in progress. Threads may use several at once, but not one.

    What is drawn depends on the seed and on how many tokens the text has that were drawn before:
    ten tokens and ten more are the twenty that one call writes. The same call after `undo` writes
    the same again, as it does in a fork; another seed writes something else. `undo` with the number
    of a result's tokens takes that result back.

    What a call has returned stays. So where twenty tokens are written in two calls, a banned text
    (`ban`), a copy (`max_copy`), a stop string (`stop`) or a unit (`stop_at`) that begins in the
    first and is whole in the second can change the second part alone, and a constraint begins
    anew with each call. All other settings look back over the border, and change nothing there.

    A text that ended before a stop string can go on: the same call may begin with that string, and
    ends before the next.

    Args:
        model, decoder: what the text is written with.
        config: the settings of all generations, with a seed.
        moment: where the text stands.
        adaptation: what the model has learned beside its weights, if anything.
    """

    __slots__ = ("_adaptation", "_config", "_decoder", "_model", "_moment", "_own", "_stream")

    def __init__(
        self,
        model: Model,
        decoder: Engine,
        config: GenerationConfig,
        moment: StateSnapshot = BEGINNING,
        adaptation: Adaptation | None = None,
    ) -> None:
        self._model = model
        self._decoder = decoder
        self._config = config
        self._moment = moment
        self._stream: SessionStream | None = None
        self._own = decoder  # of the model's own weights
        self.adaptation = adaptation

    @property
    def config(self) -> GenerationConfig:
        """The settings of its generations, where a call does not override them."""
        return self._config

    @property
    def moment(self) -> StateSnapshot:
        """Where the text stands: behind what has been taken of a stream, if one is at work."""
        return self._stream.moment() if self._stream else self._moment

    @property
    def text(self) -> str:
        """All of the text, read and written, as far back as it is known.

        A character whose bytes are not all written is no part of it yet.
        """
        moment = self.moment
        tokens = moment.known_tokens()
        text = self._read(tokens)
        is_whole = len(tokens) == moment.length  # else it may begin within a character
        return text if is_whole else text.lstrip(BROKEN)

    def feed(self, text: str) -> None:
        """Let the model read some more text.

        Written bytes of a character that is not whole are taken back first.

        Raises:
            DataError: it holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        tokens = tokenizer.encode(tokenizer.clean_prompt(text))
        self._stand_at(self._whole().read(self._decoder, tokens))

    @property
    def adaptation(self) -> Adaptation | None:
        """What `adapt` has learned; None is nothing. It may be set, to that of another session.

        Raises:
            DataError: it is that of another model.
        """
        return self._adaptation

    @adaptation.setter
    def adaptation(self, adaptation: Adaptation | None) -> None:
        if adaptation:
            adaptation.check(self._model)
        self._stand_at(self.moment)
        self._adaptation = adaptation
        self._decoder = adaptation.decoder(self._model, self._own) if adaptation else self._own

    def adapt(self, text: str) -> None:
        """Let the model read some more text, and learn to expect the like of it.

        It needs no training framework. What it learns stays when the text is taken back, goes with
        a fork, and is forgotten with `session.adaptation = None`.

        Raises:
            DataError: the text holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        tokens, moment = tokenizer.encode(tokenizer.clean_prompt(text)), self._whole()
        known = self._adaptation or Adaptation.none(self._model)
        self.adaptation = known.read(self._model, self._own, moment, tokens)
        self._stand_at(moment.read(self._own, tokens))

    def generate(self, *, hooks: Sequence[LogitsProcessor] = (), **settings: Any) -> Generation:
        """Write some more text.

        Args:
            hooks: as for `TextGenerator.generate`.
            settings: fields of `GenerationConfig`, instead of the session's own.

        Returns:
            the new text; its `finish_reason` tells why it ends.

        Raises:
            UsageError: an unknown setting, an impossible value, or a hook that failed.
            DataError: a constraint that cannot be kept.
        """
        stream = self._begin(hooks, None, settings)
        for _ in stream:
            pass
        self._stand_at(self.moment)
        return stream.result()

    def infill(self, behind: str, **settings: Any) -> Generation:
        """Write what joins the text to another one, and stand before that; see `runtime.infilling`.

        Args:
            behind: the text that shall be able to follow.
            settings: as for `generate`; at most `max_new_tokens` are written.

        Raises:
            UsageError: an unknown setting, an impossible value, or nothing is behind.
            DataError: the model ends the text at once, or `behind` holds a lone surrogate.
        """
        tokenizer, start = self._model.tokenizer, self._whole()
        seed = self._config.replace(**settings).seed or 0
        writings = [
            self._writing((), None, settings | {"seed": (seed + number) % SEEDS}, start)
            for number in range(CANDIDATES)
        ]
        found = infill(self._decoder, tokenizer, start, writings, tokenizer.clean_prompt(behind))
        self._stand_at(start.read(self._decoder, np.array(found.tokens)))
        return found

    def stream(
        self,
        *,
        hooks: Sequence[LogitsProcessor] = (),
        remembered: Remembered = REMEMBERED,
        **settings: Any,
    ) -> SessionStream:
        """Write some more text, piece by piece.

        The session stands behind the pieces that were taken, at any time. The stream is over when
        the session goes on otherwise.

        Args:
            hooks, settings: as for `generate`, as are the errors, some only while it is read.
            remembered: how many of the last tokens the stream's `result` holds; None for all.
        """
        return self._begin(hooks, remembered, settings)

    def next(self, k: int = 10, **settings: Any) -> list[NextToken]:
        """Return the k likeliest tokens that may come next; see `TextGenerator.next`."""
        writing = self._writing((), None, settings, self.moment)
        return next_tokens(self._decoder, self._model.tokenizer, writing, k)

    def score(self, text: str) -> Quality:
        """Measure how well the model foresees a text here; the session does not change.

        Raises:
            UsageError: the text is empty.
            DataError: it holds a lone surrogate.
        """
        tokenizer = self._model.tokenizer
        return measure_text(self._decoder, tokenizer, tokenizer.clean_prompt(text), self._whole())

    def __reduce__(self) -> tuple[Any, ...]:
        moment, adaptation = self.moment, self._adaptation
        return Session, (self._model, self._own, self._config, moment, adaptation)

    def fork(self) -> "Session":
        """Return another session with the same text, which goes its own way."""
        fork = Session(self._model, self._own, self._config, self.moment)
        fork._adaptation, fork._decoder = self._adaptation, self._decoder
        return fork

    def undo(self, count: int) -> None:
        """Take back the last tokens, read or written.

        Args:
            count: how many tokens.

        Raises:
            UsageError: the text that is known has fewer; it stays as it is.
        """
        if count < 0:
            raise UsageError(f"undo takes back {count} tokens; it must be at least 0")
        self._stand_at(self.moment.undo(self._decoder, count))

    @classmethod
    def mix(cls, one: "Session", other: "Session", weight: float) -> "Session":
        """Return a session that goes on with the text of one in a state between those of two.

        Args:
            one: whose text, settings and random numbers are taken.
            other: of the same model.
            weight: of the other's state, from 0 to 1. With 0 nothing is mixed in.

        Raises:
            UsageError: the weight is something else, or the models differ.
        """
        if not 0 <= weight <= 1:
            raise UsageError(f"weight is {weight}; it must be from 0 to 1")
        if other._own is not one._own:
            raise UsageError("the sessions are of different models; mix two of the same")
        result = one.fork()
        result._stand_at(one.moment.mixed(other.moment, weight, one._own))
        return result

    def save(self, path: str | Path, *, text: bool = True) -> None:
        """Write the session to a file, from which `load` goes on in any process.

        Args:
            path: of the file; what stood there is replaced at once, or stays.
            text: whether the text goes with it, for `text` and `undo`. What `adapt` has learned has
                a file of its own (`session.adaptation.save`).

        Raises:
            OSError: the disk refused.
        """
        parts = (self._model, self._own.precision, self._config, self.moment, self._adaptation)
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
            model: the same that wrote it.
            decoder: of that model.
            adaptation: what the session had learned, if anything.
            settings: fields of `GenerationConfig`, which replace those in the file.

        Raises:
            MissingInput: there is no such file.
            DataError: it is damaged, or of another model, precision or adaptation.
            UsageError: an unknown setting, or an impossible value.
        """
        saved = SavedSession.read(Path(path))
        saved.check(model, decoder.precision, adaptation)
        config = saved.config.replace(**settings)
        return cls(model, decoder, config, saved.moment, adaptation)

    def _begin(
        self, hooks: Sequence[LogitsProcessor], remembered: int | None, settings: dict[str, Any]
    ) -> SessionStream:
        """Begin a stream, with which whatever was at work is over."""
        writing = self._writing(hooks, remembered, settings, self.moment)
        self._stand_at(self.moment)
        self._stream = SessionStream(self._decoder, self._model.tokenizer, writing, self._moment)
        return self._stream

    def _whole(self) -> StateSnapshot:
        """Return where the text stands, before a character whose bytes are not all written."""
        moment, closed = self.moment, self.moment.closed(self._decoder)
        if closed is moment:
            return moment
        opened = moment.known_tokens(moment.open_tokens)  # the first may hold whole ones, too
        return closed.read(self._decoder, self._model.tokenizer.encode(self._read(opened)))

    def _read(self, tokens: NDArray[np.integer]) -> str:
        """Return what tokens read like, but for a character that is not whole at their end."""
        detokenizer = self._model.tokenizer.detokenizer()
        text = "".join(map(detokenizer.push, tokens.tolist()))
        return text if detokenizer.is_open else text + detokenizer.finish()

    def _writing(
        self,
        hooks: Sequence[LogitsProcessor],
        remembered: int | None,
        settings: dict[str, Any],
        moment: StateSnapshot,
    ) -> TextSequence:
        """Return what goes on with the text from a moment on."""
        config = self._config.replace(**settings)
        return begin_sequence(
            self._model.tokenizer,
            "",
            config,
            self._model.copies,
            hooks=hooks,
            remembered=remembered,
            moment=moment,
        )

    def _stand_at(self, moment: StateSnapshot) -> None:
        """Take a moment for where the text stands, and let no stream change it."""
        if self._stream:
            self._stream.close()
        self._stream, self._moment = None, moment
