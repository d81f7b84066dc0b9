"""The generation loop, top to bottom: begin, prefill, decode, choose, assemble text, stop.

A sequence is data (`sequence.py`); the functions here move it on. Several sequences take each step
together, and none of them changes the text of another.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, TextgenError, by_setting
from textgen.runtime.engine.engine import Engine
from textgen.runtime.engine.logprobs import chosen_logprobs
from textgen.runtime.engine.state import State
from textgen.runtime.generation.beam_search import beam_search
from textgen.runtime.generation.sequence import TextSequence
from textgen.sampling.backend import SamplingBackend

MOST_STEPS = 32  # tokens that one call of the engine adds to a sequence
MOST_LOGITS = 1 << 20  # that one call returns: bounds memory where the vocabulary is large
MOST_PREFILL = 1 << 14  # tokens of one long prompt that are read before other sequences go on


def advance(engine: Engine, sequences: Sequence[TextSequence], max_steps: int) -> int:
    """Let each sequence read some of its prompt, or gain tokens.

    An error of a sequence ends that sequence alone.

    Args:
        engine: the model.
        sequences: those that have not ended.
        max_steps: the largest number of tokens that each may gain.

    Returns:
        the number of prompt tokens that were read.
    """
    prompted = [one for one in sequences if len(one.unread)]
    short = [one for one in prompted if one.prefills_in_blocks]
    ready = [one for one in sequences if not len(one.unread)]
    drawn = [one for one in ready if one.inputs.config.beams == 1]
    beamed = [one for one in ready if one.inputs.config.beams > 1]
    read = sum(prefill(engine, one) for one in prompted if not one.prefills_in_blocks)
    planned = [one for one in short + drawn if one.is_planned]
    for backend in SamplingBackend:  # a row costs the same beside 8 others as beside 64
        if group := [one for one in planned if one.sampler.backend is backend]:
            read += decode_block(engine, group, max_steps)
    if others := [one for one in drawn if not one.is_planned]:
        decode_token(engine, others)
    for sequence in beamed:
        best = beam_search(engine, sequence)
        take_tokens(sequence, best.tokens, best.logprobs)
    return read


def read_prompt(engine: Engine, sequence: TextSequence) -> Iterator[int]:
    """Read a prompt to its end; yield the number of tokens of each part."""
    while len(sequence.unread):
        yield advance(engine, [sequence], min(MOST_STEPS, len(sequence.unread)))


def prefill(engine: Engine, sequence: TextSequence) -> int:
    """Read some of a long prompt; return the number of tokens."""
    part, sequence.unread = sequence.unread[:MOST_PREFILL], sequence.unread[MOST_PREFILL:]
    inputs = np.concatenate([[sequence.last_token], part[:-1]])
    sequence.state = engine.prefill(inputs, sequence.state or engine.initial_state())
    sequence.last_token = int(part[-1])
    if sequence.rewind_hook:
        sequence.rewind_hook.checkpoint(sequence)
    return len(part)


def decode_block(engine: Engine, sequences: Sequence[TextSequence], max_steps: int) -> int:
    """Add several tokens to each sequence, drawn by the graph; those of short prompts are known.

    Returns:
        the number of prompt tokens that were read.
    """
    steps = _common_steps(engine, sequences, max_steps)
    plans = [one.plan(steps) for one in sequences]
    block = engine.decode([one.last_token for one in sequences], _states(engine, sequences), plans)
    logprobs, read = chosen_logprobs(block.logits, block.tokens), 0
    for row, sequence in enumerate(sequences):
        tokens, known = block.tokens[:, row].tolist(), min(len(sequence.unread), steps)
        if known:
            sequence.last_token, sequence.unread = tokens[known - 1], sequence.unread[known:]
        sequence.state = _row(block.state, row)
        sequence.sampler.remember(tokens[known:])
        take_tokens(sequence, tokens[known:], logprobs[known:, row].tolist())
        read += known
    return read


def decode_token(engine: Engine, sequences: Sequence[TextSequence]) -> None:
    """Add one token to each sequence, chosen by its sampler in Python."""
    last_tokens = [one.last_token for one in sequences]
    logits, state = engine.step(last_tokens, _states(engine, sequences))
    tokens = np.zeros(len(sequences), np.int64)
    for row, sequence in enumerate(sequences):
        try:
            tokens[row] = sequence.sampler.draw(logits[row])
        except TextgenError as error:
            sequence.fail(error)
    logprobs = chosen_logprobs(logits, tokens)
    for row, sequence in enumerate(sequences):
        sequence.state = _row(state, row)
        take_tokens(sequence, [int(tokens[row])], [float(logprobs[row])])


def take_tokens(sequence: TextSequence, tokens: Iterable[int], logprobs: Iterable[float]) -> None:
    """Take chosen tokens, up to the end of the text or to a token that must be rewound."""
    hook = sequence.rewind_hook
    for token, logprob in zip(tokens, logprobs, strict=True):
        if sequence.finish_reason:
            return
        if math.isnan(logprob):  # activations without bounds can bring that about
            count = sequence.token_count
            sequence.fail(DataError(f"the model's state overflowed after {count} tokens"))
            return
        _take_token(sequence, token, logprob)
        if hook and (index := hook.violation(sequence)) is not None:
            hook.rewind(sequence, index)
            return
    if hook and not sequence.finish_reason:
        hook.checkpoint(sequence)


def _take_token(sequence: TextSequence, token: int, logprob: float) -> None:
    """Take a token, assemble its text, and stop where the text ends."""
    sequence.last_token = token
    sequence.token_count += 1
    sequence.output.append(token, logprob)
    inputs, assembler = sequence.inputs, sequence.assembler
    may_stop = inputs.may_stop(sequence.token_count)
    sequence.output.commit(assembler.push(token, may_stop=may_stop))
    if assembler.violation is not None:
        return
    if assembler.stopped:
        sequence.finish_reason = "stop"
    elif token == EOS_ID or (may_stop and inputs.constraint and inputs.constraint.must_end):
        stop(sequence, "stop")
    elif sequence.remaining_tokens <= 0:
        stop(sequence, "length")


def stop(sequence: TextSequence, reason: str) -> None:
    """End a text; commit the text that was held back."""
    assembler, constraint = sequence.assembler, sequence.inputs.constraint
    sequence.output.commit(assembler.finish(is_final=reason == "stop"))
    sequence.finish_reason = "stop" if assembler.stopped else reason
    if reason != "length" or not constraint:
        return
    sequence.finish_reason = "stop"
    if not constraint.is_complete:
        remedy = by_setting("; raise {}", "max_new_tokens")
        sequence.fail(
            DataError(
                f"{sequence.token_count} tokens were not enough for a text that fits "
                f"{sequence.config.constraint}{remedy}"
            )
        )


def interrupt(sequence: TextSequence) -> None:
    """End a text as it is, if it has not ended."""
    if not sequence.finish_reason:
        stop(sequence, "interrupted")


def _common_steps(engine: Engine, sequences: Sequence[TextSequence], max_steps: int) -> int:
    """Return how many tokens one call can add to each sequence."""
    fitting = MOST_LOGITS // (len(sequences) * engine.config.vocab_size)
    longest = max(max(one.remaining_tokens, len(one.unread)) for one in sequences)
    limit = int(min(longest, max(fitting, 1), max_steps))
    return min(one.steps_alike(limit) for one in sequences)


def _states(engine: Engine, sequences: Sequence[TextSequence]) -> State:
    """Return the states of several sequences as one batch."""
    states = [one.state or engine.initial_state() for one in sequences]
    if len(states) == 1:
        return states[0]
    return tuple(np.concatenate(parts) for parts in zip(*states, strict=True))


def _row(state: State, row: int) -> State:
    """Return the state of one sequence; a copy, so that it does not hold on to the batch."""
    return tuple(part[row : row + 1].copy() for part in state)
