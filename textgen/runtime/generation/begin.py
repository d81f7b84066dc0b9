"""Begins a sequence: resolves its settings for a model, and attaches what they need."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from textgen.artifact.suffix_array import CopyIndex
from textgen.config.generation import GenerationConfig
from textgen.errors import UsageError
from textgen.runtime.constraints.constraint import Constraint
from textgen.runtime.generation.backtracking import Backtracking
from textgen.runtime.generation.loop import stop
from textgen.runtime.generation.output_buffer import OutputBuffer
from textgen.runtime.generation.sequence import SequenceInputs, TextSequence
from textgen.runtime.generation.setting_texts import with_clean_texts
from textgen.runtime.generation.snapshot import BEGINNING, SHORT, StateSnapshot
from textgen.runtime.generation.token_names import breaker_tokens, token_biases
from textgen.sampling.phrase_filters import phrase_filters_of
from textgen.sampling.user_processors import LogitsProcessor
from textgen.tokenization.tokenizer import Tokenizer


def begin_sequence(
    tokenizer: Tokenizer,
    prompt: str,
    config: GenerationConfig,
    copies: CopyIndex | None = None,
    *,
    logits_processors: Sequence[LogitsProcessor] = (),
    start: StateSnapshot = BEGINNING,
    capacity: int | None = None,
) -> TextSequence:
    """Begin a sequence.

    Args:
        tokenizer: the model's tokenizer.
        prompt: clean text.
        config: length, filters, constraint, stopping, seed (0 if there is none).
        copies: the model's index of its training text, if it has one.
        logits_processors: the user's functions on logits.
        start: the snapshot that the prompt follows.
        capacity: number of the last tokens that the result holds; None for all.

    Raises:
        UsageError: a setting names what is not a token, a constraint cannot be kept, every token
            is banned, an index is missing, or logits processors are combined with beams.
        DataError: the prompt holds a lone surrogate.
    """
    config = with_clean_texts(config, tokenizer)
    inputs = _inputs(
        tokenizer, prompt, config, copies, logits_processors=logits_processors, start=start
    )
    known = inputs.known_tokens
    sequence = TextSequence(
        inputs=inputs,
        unread=inputs.prompt,
        last_token=start.last,
        state=start.state,
        prefills_in_blocks=len(inputs.prompt) <= SHORT,
        sampler=inputs.sampler(known, mirostat_mu=start.mirostat_mu),
        assembler=inputs.assembler(known, committed_text=inputs.earlier_text),
        output=OutputBuffer(capacity),
    )
    if config.max_new_tokens == 0:
        stop(sequence, "length")
    if inputs.can_rewind:
        sequence.rewind_hook = Backtracking(inputs)
        sequence.rewind_hook.checkpoint(sequence)
    return sequence


def _inputs(
    tokenizer: Tokenizer,
    prompt: str,
    config: GenerationConfig,
    copies: CopyIndex | None,
    *,
    logits_processors: Sequence[LogitsProcessor],
    **others: Any,
) -> SequenceInputs:
    """Resolve settings for a model; arguments and errors are those of `begin_sequence`."""
    can_rewind = not config.constraint and config.beams == 1  # these look ahead instead
    phrase_filters = partial(phrase_filters_of, config, copies) if can_rewind else tuple
    phrase_filters()  # refuses a missing index
    if logits_processors and config.beams > 1:
        raise UsageError("logits_processors and beams exclude each other; give one of them")
    tokens = tokenizer.encode(prompt)
    biases = token_biases(config, tokenizer)
    banned = [token for token, bias in biases if math.isinf(bias)]
    return SequenceInputs(
        tokenizer=tokenizer,
        config=config,
        prompt=tokens,
        logits_processors=logits_processors,
        biases=biases,
        constraint=Constraint(config, tokenizer, banned) if config.constraint else None,
        breakers=breaker_tokens(config, tokenizer),
        phrase_filters=phrase_filters,
        copies=copies if config.max_copy and can_rewind else None,
        can_rewind=can_rewind,
        **others,
    )
