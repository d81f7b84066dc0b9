"""Several texts written side by side: they join and leave, and none knows of the others."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from textgen.errors import TextgenError
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import chosen_logprobs
from textgen.runtime.engine.state import State
from textgen.runtime.generation.beam_search import search
from textgen.runtime.generation.sequence import TextSequence
from textgen.sampling.backend import SamplingBackend

SLOTS = 64  # texts side by side
# Tokens of one text in a call when it is alone, and when it is one of many, which end soon.
MOST_STEPS, FEWEST_STEPS = 32, 8
# Logits that one call may return: bounds memory where the vocabulary is large.
MOST_LOGITS = 1 << 20


class RoundCounts(NamedTuple):
    """How many tokens a round has read and written."""

    read: int
    written: int


def write_all(decoder: Engine, writings: Iterable[TextSequence]) -> Iterator[RoundCounts]:
    """Write texts to their ends, at most `SLOTS` of them side by side.

    Args:
        decoder: the model.
        writings: taken one by one, as places become free.

    Yields:
        what each round has done.
    """
    waiting, active = iter(writings), list[TextSequence]()
    while active := [*active, *islice(waiting, SLOTS - len(active))]:
        before = sum(one.written for one in active)
        active = [one for one in active if not one.reason]
        read = advance(decoder, active, max(FEWEST_STEPS, MOST_STEPS // max(len(active), 1)))
        yield RoundCounts(read, sum(one.written for one in active) - before)
        active = [one for one in active if not one.reason]


def advance(decoder: Engine, writings: Sequence[TextSequence], steps: int) -> int:
    """Go on with each text: read of its prompt, or write, several tokens where the graph draws.

    An error of one of them ends that one alone.

    Args:
        decoder: the model.
        writings: those that have not ended.
        steps: the largest number of tokens that each may gain.

    Returns:
        how many tokens of prompts were read.
    """
    reading = [one for one in writings if len(one.unread)]
    read = sum(one.read(decoder) for one in reading if not one.is_short)
    short = [one for one in reading if one.is_short]
    ready = [one for one in writings if one not in reading]
    for writing in ready:
        if writing.config.beams > 1:
            search(decoder, writing)
    drawn = [one for one in ready if one.config.beams == 1]
    planned = [one for one in short + drawn if one.is_planned]
    for way in (
        SamplingBackend
    ):  # a row costs the same beside 8 others as beside 64, so groups cost nothing
        if group := [one for one in planned if one.sampler.way is way]:
            read += _write_block(decoder, group, steps)
    if others := [one for one in drawn if not one.is_planned]:
        _write_token(decoder, others)
    return read


def read_part(decoder: Engine, writing: TextSequence) -> int:
    """Read some of a prompt, and write nothing yet; return how many tokens were read."""
    return advance(decoder, [writing], min(MOST_STEPS, len(writing.unread)))


def _write_block(decoder: Engine, writings: Sequence[TextSequence], steps: int) -> int:
    """Write several tokens of each text in one call, those of short prompts among them.

    Returns:
        how many tokens of prompts were read.
    """
    fitting = MOST_LOGITS // (len(writings) * decoder.config.vocab_size)
    longest = max(max(one.left, len(one.unread)) for one in writings)
    wanted = min(longest, max(fitting, 1), steps)
    steps = min(one.steps_alike(int(wanted)) for one in writings)
    plans = [one.plan(steps) for one in writings]
    block = decoder.decode([one.last for one in writings], _joined(decoder, writings), plans)
    logprobs = chosen_logprobs(block.logits, block.tokens)
    read = 0
    for row, writing in enumerate(writings):
        writing.state = _row(block.state, row)
        read += writing.follow(block.tokens[:, row].tolist(), logprobs[:, row].tolist())
    return read


def _write_token(decoder: Engine, writings: Sequence[TextSequence]) -> None:
    """Write one token of each text, chosen by Python."""
    logits, state = decoder.step([one.last for one in writings], _joined(decoder, writings))
    tokens = np.zeros(len(writings), np.int64)
    for row, writing in enumerate(writings):
        try:
            tokens[row] = writing.sampler.draw(logits[row])
        except TextgenError as error:
            writing.fail(error)
    logprobs = chosen_logprobs(logits, tokens)
    for row, writing in enumerate(writings):
        writing.state = _row(state, row)
        writing.accept_all([int(tokens[row])], [float(logprobs[row])])


def _joined(decoder: Engine, writings: Sequence[TextSequence]) -> State:
    """Return the states of several texts as one."""
    states = [one.state or decoder.initial_state() for one in writings]
    if len(states) == 1:
        return states[0]
    return tuple(np.concatenate(parts) for parts in zip(*states, strict=True))


def _row(state: State, row: int) -> State:
    """Return the state of one text; a copy, so that it does not hold on to those of all."""
    return tuple(part[row : row + 1].copy() for part in state)
