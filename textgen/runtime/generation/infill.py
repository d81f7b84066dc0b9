"""Infilling: a text between two others, from a model that reads forwards only, by looking ahead."""

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
from textgen.runtime.generation.loop import MOST_LOGITS
from textgen.runtime.generation.result import Generation
from textgen.runtime.generation.scheduler import run_all
from textgen.runtime.generation.sequence import TextSequence
from textgen.runtime.generation.snapshot import StateSnapshot
from textgen.sampling.plan import SamplingPlan
from textgen.tokenization.tokenizer import Tokenizer

CANDIDATES = 64  # texts that are generated, each of which may end after any token
LOOK_AHEAD = 16  # tokens of the text after the gap that are looked at
WIDE = ("W", "F")  # East Asian widths of scripts without spaces


class JoinPoint(NamedTuple):
    """A place where a candidate may end.

    Attributes:
        score: log-probability, in nats, of the first tokens after the gap.
        candidate: its index.
        tokens: number of its tokens that are taken.
    """

    score: float
    candidate: int
    tokens: int


def infill(
    engine: Engine,
    tokenizer: Tokenizer,
    start: StateSnapshot,
    sequences: Sequence[TextSequence],
    after: str,
) -> Generation:
    """Return the beginning of a candidate, cut where the text after the gap is likeliest.

    The model reads forwards only. So it generates many candidates, scores the text after the gap
    from each of their tokens, and takes the candidate and the place with the highest score.

    Args:
        engine: the model.
        tokenizer: the model's tokenizer.
        start: the snapshot before the gap.
        sequences: the candidates, begun there.
        after: the text after the gap, of which the first tokens count.

    Raises:
        UsageError: the text after the gap is empty.
        DataError: the model ends the text at once.
    """
    following = np.asarray(tokenizer.encode(after)[:LOOK_AHEAD], np.int64)
    if not len(following):
        raise UsageError("the text after the gap is empty; use generate to continue a text")
    for _ in run_all(engine, sequences):
        pass
    results = [one.result() for one in sequences]
    texts = [list(_without_end(one.tokens)) for one in results]
    if not any(texts) and results[0].finish_reason == "length":
        return results[0]  # no token was allowed
    complete = [list(_complete_after(tokens, tokenizer)) for tokens in texts]
    points = _join_points(engine, start, texts, following)
    best = max((one for one in points if complete[one.candidate][one.tokens - 1]), default=None)
    if best is None:
        raise DataError("the model ends the text here at once; try another seed")
    return _beginning(results[best.candidate], best.tokens, tokenizer, start)


def with_space(text: str) -> str:
    """Return a text with a space before it, if it begins with a word that needs one."""
    first = text[:1]
    needs_space = first.isalnum() and unicodedata.east_asian_width(first) not in WIDE
    return f" {text}" if needs_space else text


def _beginning(
    whole: Generation, count: int, tokenizer: Tokenizer, start: StateSnapshot
) -> Generation:
    """Return the first tokens of a generation, and their text."""
    tokens = whole.tokens[:count]
    detokenizer = tokenizer.detokenizer(start.known_tokens())
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


def _complete_after(tokens: Sequence[int], tokenizer: Tokenizer) -> Iterator[bool]:
    """Yield of each token whether the text ends in a complete character with it."""
    detokenizer = tokenizer.detokenizer()
    for token in tokens:
        detokenizer.push(token)
        yield not detokenizer.is_open


def _join_points(
    engine: Engine, start: StateSnapshot, texts: list[list[int]], following: NDArray[np.int64]
) -> Iterator[JoinPoint]:
    """Yield all places where the candidates may end."""
    first = start.state or engine.initial_state()
    state: State = tuple(np.repeat(part, len(texts), axis=0) for part in first)
    last = np.full(len(texts), start.last)
    for count in range(1, max(map(len, texts), default=0) + 1):
        live = [index for index, text in enumerate(texts) if len(text) >= count]
        _, state = engine.step(last, state)
        last = np.array([text[count - 1] if len(text) >= count else EOS_ID for text in texts])
        scores = _scores(engine, last[live], tuple(part[live] for part in state), following)
        for index, score in zip(live, scores, strict=True):
            yield JoinPoint(float(score), index, count)


def _scores(
    engine: Engine, last: NDArray[np.integer], state: State, following: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-probability of some tokens after each candidate, of shape (candidates,)."""
    plan = SamplingPlan.of(following, engine.config.vocab_size)
    rows = max(1, MOST_LOGITS // (len(following) * engine.config.vocab_size))
    scores = list[NDArray[np.float64]]()
    for begin in range(0, len(last), rows):
        part = slice(begin, begin + rows)
        states = tuple(array[part] for array in state)
        block = engine.decode(last[part], states, [plan] * len(last[part]))
        scores.append(chosen_logprobs(block.logits, block.tokens).sum(axis=0))
    return np.concatenate(scores)
