"""Continues prompts with the Keras model and any sampler of `keras_nlp.samplers`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.errors import UsageError
from textgen.model.network import LanguageModel, State

EMPTY = -1  # in the place of a token that is not written yet
IMPOSSIBLE = -1e9  # the logit of a token that cannot follow


def continue_prompts(
    model: LanguageModel,
    sampler: Callable[..., Any],
    prompts: NDArray[np.integer],
    *,
    max_new_tokens: int,
) -> list[NDArray[np.int32]]:
    """Continue prompts with a Keras sampler, whose cache is the state of the recurrent layers.

    A text begins with the zero state fed `<eos>`, as everywhere, and ends with `<eos>`. A stream
    that has ended predicts `<eos>` with certainty, so a beam's score is that of its text.

        import keras_nlp
        from textgen import TextGenerator
        from textgen.model import LanguageModel, continue_prompts

        tokenizer = TextGenerator.from_pretrained("models/book").tokenizer
        model = LanguageModel.from_pretrained("models/book")
        sampler = keras_nlp.samplers.TopKSampler(k=5, seed=1)
        prompts = tokenizer.encode("Call me")[None]
        (tokens,) = continue_prompts(model, sampler, prompts, max_new_tokens=50)
        print(tokenizer.decode(tokens))

    Args:
        model: the Keras model.
        sampler: an object of `keras_nlp.samplers`: greedy, top-k, top-p, beam, contrastive, ...
        prompts: token ids, of shape (prompts, time); time may be 0.
        max_new_tokens: largest number of new tokens for each prompt.

    Returns:
        the ids of each prompt's new tokens, including a final `<eos>`.

    Raises:
        UsageError: there are no prompts, an id is not a token, the length is negative, or the
            sampler needs more tokens than there are or returns several texts for one prompt.
    """
    _check(model, sampler, prompts, max_new_tokens)
    if not max_new_tokens:
        return [np.empty(0, np.int32) for _ in prompts]
    begun = np.insert(prompts, 0, EOS_ID, axis=1).astype(np.int32)
    count, start = begun.shape
    written = np.pad(begun, ((0, 0), (0, max_new_tokens)), constant_values=EMPTY)
    outputs, _ = model.read(begun, model.initial_state(count))
    # A sampler feeds the last token of the prompt itself, so its cache is the state before that.
    state = model.initial_state(count)
    if start > 1:
        _, state = model.read(begun[:, :-1], state)

    def following(tokens: Any, state: State, index: Any) -> tuple[Any, Any, State]:
        """Return logits, the last layer's output and the state after the token before `index`."""
        outputs, state = model.read(tokens[:, index - 1, None], state)
        new = ops.logical_and(ops.arange(start + max_new_tokens) >= start, tokens == EOS_ID)
        ended = ops.any(new, axis=1, keepdims=True)
        only_eos = ops.where(ops.arange(model.config.vocab_size) == EOS_ID, 0.0, IMPOSSIBLE)
        logits = ops.where(ended, only_eos, model.project(outputs)[:, 0])
        return logits, outputs[:, 0], state

    @tf.function(autograph=False)
    def written_on() -> Any:
        """Run the sampler's loop as one graph."""
        return sampler(
            following,
            tf.constant(written),
            cache=state,
            index=start,
            mask=tf.constant(written != EMPTY),
            stop_token_ids=[EOS_ID],
            hidden_states=ops.pad(outputs, ((0, 0), (0, max_new_tokens), (0, 0))),
            model=model,
        )

    rows = ops.convert_to_numpy(written_on())[:, start:]
    return [_new_tokens(row) for row in rows]


def _new_tokens(row: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the new tokens of a stream, up to its first `<eos>`, which is included."""
    ends = np.flatnonzero((row == EOS_ID) | (row == EMPTY))
    if not len(ends):
        return row
    return row[: ends[0] + (row[ends[0]] == EOS_ID)]


def _check(
    model: LanguageModel, sampler: Callable[..., Any], prompts: NDArray[np.integer], length: int
) -> None:
    """Refuse arguments that would fail deep inside the libraries."""
    vocab_size, asked = model.config.vocab_size, getattr(sampler, "k", None) or 0
    if prompts.ndim != 2 or not len(prompts):
        raise UsageError(f"prompts has the shape {prompts.shape}; it must be (prompts, time)")
    if prompts.size and not 0 <= prompts.min() <= prompts.max() < vocab_size:
        raise UsageError(f"prompts holds an id that is no token; they are 0 to {vocab_size - 1}")
    if length < 0:
        raise UsageError(f"max_new_tokens is {length}; it must be at least 0")
    if asked > vocab_size:
        raise UsageError(f"the sampler's k is {asked}; it must be at most {vocab_size}")
    if getattr(sampler, "return_all_beams", False):
        raise UsageError("return_all_beams gives several texts for one prompt; leave it out")
