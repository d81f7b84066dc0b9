"""The generation loop: a prompt's tokens in, new tokens and text out."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.runtime.decoder import Decoder, Logits
from textgen.runtime.token_names import token_biases
from textgen.sampling.chain import Sampler
from textgen.sampling.stopping import StopFilter
from textgen.tokenization.tokenizer import EOS_ID, Tokenizer


@dataclass(frozen=True)
class Usage:
    """How many tokens a generation read and wrote."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Generation:
    """A finished generation; `str()` gives its text.

    Attributes:
        text: the new text alone, without the prompt.
        tokens: ids drawn, `<eos>` and those of a stop string included.
        logprobs: natural log-probability of each token under the model, before any filter.
        finish_reason: "stop" (`<eos>` or a stop string) or "length".
        seed: gives the same text again.
        usage: tokens read and written.
    """

    text: str
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: str
    seed: int
    usage: Usage

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return the generation as values that JSON can hold."""
        return asdict(self)


class TextStream:
    """A generation while it runs: an iterator over its text that has a `result` at any time.

    Pieces come as soon as they are certain. None is empty, splits a character, or holds a part
    of a stop string.

    Args:
        decoder: the model.
        tokenizer: what its tokens are.
        prompt: clean text.
        config: length, randomness, filters, stopping.
        seed: of the draws.

    Raises:
        UsageError: `logit_bias` or `banned_tokens` names what is not a token of the model.
    """

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Tokenizer,
        prompt: str,
        config: GenerationConfig,
        seed: int,
    ) -> None:
        self.config = config
        self.seed = seed
        self._decoder = decoder
        self._prompt = np.concatenate([[EOS_ID], tokenizer.encode(prompt)])
        self._sampler = Sampler(
            config,
            tokenizer.vocab_size,
            seed=seed,
            biases=token_biases(config, tokenizer),
            history=self._prompt[1:],
        )
        self._tokens: list[int] = []
        self._logprobs: list[float] = []
        self._text: list[str] = []
        self._stops = StopFilter(config.stop)
        text = tokenizer.decode_stream(self._draw(), self._prompt[1:])
        self._pieces = self._stops.pass_on(text)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next piece of text."""
        for piece in self._pieces:
            if piece:
                self._text.append(piece)
                return piece
        raise StopIteration

    def result(self) -> Generation:
        """Return what has been generated so far."""
        ended = self._stops.stopped or self._tokens[-1:] == [EOS_ID]
        return Generation(
            text="".join(self._text),
            tokens=tuple(self._tokens),
            logprobs=tuple(self._logprobs),
            finish_reason="stop" if ended else "length",
            seed=self.seed,
            usage=Usage(len(self._prompt) - 1, len(self._tokens)),
        )

    def _draw(self) -> Iterator[int]:
        """Feed `<eos>` and the prompt to the model, from the zero state, then draw tokens."""
        logits, state = self._decoder.read(self._prompt, self._decoder.initial_state())
        for number in range(self.config.max_new_tokens):
            if number:
                rows, state = self._decoder.step(self._tokens[-1:], state)
                logits = rows[0]
            token = self._sampler.draw(logits)
            self._tokens.append(token)
            self._logprobs.append(_logprob(logits, token))
            yield token
            if token == EOS_ID:
                return


def _logprob(logits: Logits, token: int) -> float:
    """Return the natural log-probability of a token, in double precision."""
    shifted = logits.astype(np.float64) - logits.max()
    return float(shifted[token]) - math.log(float(np.exp(shifted).sum()))
