"""Beam search: looks for the likeliest text, instead of drawing one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import log_softmax
from textgen.runtime.generation.sequence import TextSequence
from textgen.tokenization.byte_decoding import begun_in


class Candidate(NamedTuple):
    """A complete text.

    Attributes:
        score: log-probability, divided by a power of the length.
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
        begun: the bytes of an incomplete character at its end.
    """

    total: float
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    begun: bytes


def beam_search(engine: Engine, sequence: TextSequence) -> Candidate:
    """Return the likeliest text that is found (Lowerre 1976; as in Sutskever et al. 2014).

    At each step the `beams` likeliest texts go on. The one wins whose log-probability, divided by
    its length to the power of `length_penalty` (Wu et al. 2016, equation 14, without their 5), is
    largest. Biases and bans count, filters and temperature do not.

    Args:
        engine: the model.
        sequence: its prompt is read; it has no new tokens.
    """
    config, state = sequence.config, sequence.state or engine.initial_state()
    first = sequence.sampler.position
    live, ended = [_Beam(0.0, (), (), sequence.inputs.unfinished_bytes())], list[Candidate]()
    last = np.array([sequence.last_token])
    while live and len(live[0].tokens) < config.max_new_tokens:
        logits, state = engine.step(last, state)
        sequence.sampler.position = first + len(live[0].tokens)
        live, parents, stopped = _extend(live, logits, sequence)
        ended += [_candidate(beam, config.length_penalty) for beam in stopped]
        if _is_decided(live, ended, config.beams, config.length_penalty):
            break
        state = tuple(part[parents] for part in state)
        last = np.array([beam.tokens[-1] for beam in live])
    ended += [_candidate(beam, config.length_penalty) for beam in live]
    return max(ended, key=lambda candidate: candidate.score)


def _extend(
    live: list[_Beam], logits: NDArray[np.float32], sequence: TextSequence
) -> tuple[list[_Beam], list[int], list[_Beam]]:
    """Return the likeliest longer texts, the beams that they come from, and those that ended."""
    tokenizer = sequence.inputs.tokenizer
    own, biased = log_softmax(logits), log_softmax(sequence.sampler.biased(logits))
    totals = biased + np.array([[beam.total] for beam in live])
    for row, beam in enumerate(live):
        totals[row, tokenizer.misfits(beam.begun)] = -np.inf
    count = min(2 * sequence.config.beams, totals.size)  # as half of them may end at most
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
            begun_in(live[row].begun + tokenizer.token_bytes(token)),
        )
        if token == EOS_ID:
            ended.append(beam)
        elif len(going) < sequence.config.beams:
            going.append(beam)
            parents.append(row)
    return going, parents, ended


def _candidate(beam: _Beam, length_penalty: float) -> Candidate:
    """Return a beam as a complete text."""
    score = beam.total / max(len(beam.tokens), 1) ** length_penalty
    return Candidate(score, beam.tokens, beam.logprobs)


def _is_decided(
    live: list[_Beam], ended: list[Candidate], beams: int, length_penalty: float
) -> bool:
    """Tell whether enough texts have ended, and the best one that may go on scores below them.

    It could still overtake them by becoming longer; as elsewhere, the search does not wait.
    """
    if len(ended) < beams or not live:
        return False
    return _candidate(live[0], length_penalty).score < min(one.score for one in ended[:beams])
