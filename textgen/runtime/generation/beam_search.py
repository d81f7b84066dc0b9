"""Beam search: the likeliest text, instead of one that is drawn."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.generation.sequence import TextSequence
from textgen.tokenization.byte_decoding import begun_in


class Candidate(NamedTuple):
    """A text that the search has found.

    Attributes:
        score: what it is compared by.
        tokens: ids.
        logprobs: of each token under the model.
    """

    score: float
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


class _Beam(NamedTuple):
    """A text that may go on.

    Attributes:
        total: its log-probability, biases included.
        tokens: ids.
        logprobs: of each token under the model.
        begun: the bytes at its end of a character that is not whole.
    """

    total: float
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    begun: bytes


def search(decoder: Engine, writing: TextSequence) -> None:
    """Write the likeliest text that is found (Lowerre 1976; as in Sutskever et al. 2014).

    At each step the `beams` likeliest texts go on. The one wins whose log-probability, divided by
    its length to the power of `length_penalty` (Wu et al. 2016, equation 14, without their 5), is
    largest. Biases and bans count, filters and temperature do not.

    Args:
        decoder: the model.
        writing: that was begun.
    """
    config, state = writing.config, writing.state or decoder.initial_state()
    first = writing.sampler.position
    live, ended = [_Beam(0.0, (), (), writing.begun)], list[Candidate]()
    last = np.array([writing.last])
    while live and len(live[0].tokens) < config.max_new_tokens:
        logits, state = decoder.step(last, state)
        writing.sampler.position = first + len(live[0].tokens)
        live, parents, found = _extend(live, logits, writing)
        ended += [_candidate(beam, config.length_penalty) for beam in found]
        if _is_decided(live, ended, config.beams, config.length_penalty):
            break
        state = tuple(part[parents] for part in state)
        last = np.array([beam.tokens[-1] for beam in live])
    ended += [_candidate(beam, config.length_penalty) for beam in live]
    best = max(ended, key=lambda candidate: candidate.score)
    writing.accept_all(best.tokens, best.logprobs)


def _extend(
    live: list[_Beam], logits: NDArray[np.float32], writing: TextSequence
) -> tuple[list[_Beam], list[int], list[_Beam]]:
    """Return the likeliest longer texts, the beams that they come from, and those that ended."""
    own, biased = log_softmax(logits), log_softmax(writing.sampler.biased(logits))
    totals = biased + np.array([[beam.total] for beam in live])
    for row, beam in enumerate(live):
        totals[row, writing.tokenizer.misfits(beam.begun)] = -np.inf
    count = min(2 * writing.config.beams, totals.size)  # as half of them may end at most
    best = np.argpartition(-totals, count - 1, axis=None)[:count]
    going, parents, ended = list[_Beam](), list[int](), list[_Beam]()
    for flat in sorted(best.tolist(), key=lambda i: (-totals.flat[i], i)):
        row, token = divmod(flat, totals.shape[1])
        if totals[row, token] == -np.inf:
            continue
        beam = _Beam(
            float(totals[row, token]),
            (*live[row].tokens, token),
            (*live[row].logprobs, float(own[row, token])),
            begun_in(live[row].begun + writing.tokenizer.token_bytes(token)),
        )
        if token == EOS_ID:
            ended.append(beam)
        elif len(going) < writing.config.beams:
            going.append(beam)
            parents.append(row)
    return going, parents, ended


def _candidate(beam: _Beam, length_penalty: float) -> Candidate:
    """Return a beam as a text that is complete."""
    score = beam.total / max(len(beam.tokens), 1) ** length_penalty
    return Candidate(score, beam.tokens, beam.logprobs)


def _is_decided(
    live: list[_Beam], ended: list[Candidate], beams: int, length_penalty: float
) -> bool:
    """Tell whether enough texts ended, and the likeliest that may go on is worse than them.

    It could still overtake them by becoming longer; like others, the search does not wait.
    """
    if len(ended) < beams or not live:
        return False
    return _candidate(live[0], length_penalty).score < min(one.score for one in ended[:beams])
