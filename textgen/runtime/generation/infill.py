"""A text that joins two others, from a model that reads forwards only, by looking ahead."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import chosen_logprobs
from textgen.runtime.engine.state import State
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import MOST_LOGITS, write_all
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.sampling.plan import SamplingPlan
from textgen.tokenization.tokenizer import Tokenizer

CANDIDATES = 64  # texts that are written, each of which may end after any token
LOOK_AHEAD = 16  # tokens of the text behind that are looked at
WIDE = ("W", "F")  # East Asian widths of scripts without spaces


class JoinPoint(NamedTuple):
    """Where a candidate may end.

    Attributes:
        score: log-probability, in nats, of the tokens behind it.
        candidate: its number.
        tokens: how many of its tokens are taken.
    """

    score: float
    candidate: int
    tokens: int


def infill(
    decoder: Engine,
    tokenizer: Tokenizer,
    moment: StateSnapshot,
    writings: Sequence[TextSequence],
    behind: str,
) -> Generation:
    """Return the beginning of a candidate behind which another text is likelier than elsewhere.

    The model reads forwards only. So it writes many candidates, looks from each of their tokens at
    the text behind, and takes the candidate and the place from where that is the likeliest.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        moment: where the text stands before.
        writings: the candidates, begun there.
        behind: the text that shall be able to follow; its first tokens count.

    Raises:
        UsageError: nothing is behind.
        DataError: the model ends the text at once.
    """
    wanted = np.asarray(tokenizer.encode(behind)[:LOOK_AHEAD], np.int64)
    if not len(wanted):
        raise UsageError("the text behind is empty; without one, generate writes on")
    for _ in write_all(decoder, writings):
        pass
    results = [one.result() for one in writings]
    texts = [list(_without_end(one.tokens)) for one in results]
    if not any(texts) and results[0].finish_reason == "length":
        return results[0]  # no token was allowed
    whole = [list(_whole_after(tokens, tokenizer)) for tokens in texts]
    places = _places(decoder, moment, texts, wanted)
    best = max((one for one in places if whole[one.candidate][one.tokens - 1]), default=None)
    if best is None:
        raise DataError("the model ends the text here at once; try another seed")
    return _beginning(results[best.candidate], best.tokens, tokenizer, moment)


def with_space(text: str) -> str:
    """Return a text with a space before it, if it begins with a word that wants one."""
    first = text[:1]
    wants = first.isalnum() and unicodedata.east_asian_width(first) not in WIDE
    return f" {text}" if wants else text


def _beginning(
    whole: Generation, count: int, tokenizer: Tokenizer, moment: StateSnapshot
) -> Generation:
    """Return the first tokens of a generation, and their text."""
    tokens = whole.tokens[:count]
    detokenizer = tokenizer.detokenizer(moment.known_tokens())
    text = "".join(map(detokenizer.push, tokens)) + detokenizer.finish()
    return replace(
        whole,
        text=text,
        tokens=tokens,
        logprobs=whole.logprobs[:count],
        finish_reason="joined",
        usage=replace(whole.usage, completion_tokens=count),
    )


def _without_end(tokens: Sequence[int]) -> Iterator[int]:
    """Yield the tokens of a text before it ends."""
    for token in tokens:
        if token == EOS_ID:
            return
        yield token


def _whole_after(tokens: Sequence[int], tokenizer: Tokenizer) -> Iterator[bool]:
    """Yield of each token whether the text ends in a whole character with it."""
    detokenizer = tokenizer.detokenizer()
    for token in tokens:
        detokenizer.push(token)
        yield not detokenizer.is_open


def _places(
    decoder: Engine, moment: StateSnapshot, texts: list[list[int]], wanted: NDArray[np.int64]
) -> Iterator[JoinPoint]:
    """Yield all places where the candidates may end."""
    start = moment.state or decoder.initial_state()
    state: State = tuple(np.repeat(part, len(texts), axis=0) for part in start)
    last = np.full(len(texts), moment.last)
    for count in range(1, max(map(len, texts), default=0) + 1):
        live = [number for number, text in enumerate(texts) if len(text) >= count]
        _, state = decoder.step(last, state)
        last = np.array([text[count - 1] if len(text) >= count else EOS_ID for text in texts])
        scores = _scores(decoder, last[live], tuple(part[live] for part in state), wanted)
        for number, score in zip(live, scores, strict=True):
            yield JoinPoint(float(score), number, count)


def _scores(
    decoder: Engine, last: NDArray[np.integer], state: State, wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-probability of some tokens behind each stream, of shape (streams,)."""
    plan = SamplingPlan.of(wanted, decoder.config.vocab_size)
    rows = max(1, MOST_LOGITS // (len(wanted) * decoder.config.vocab_size))
    scores = list[NDArray[np.float64]]()
    for begin in range(0, len(last), rows):
        part = slice(begin, begin + rows)
        here = tuple(array[part] for array in state)
        block = decoder.decode(last[part], here, [plan] * len(last[part]))
        scores.append(chosen_logprobs(block.logits, block.tokens).sum(axis=0))
    return np.concatenate(scores)
