"""The generation loop: a prompt's tokens in, new tokens and text out."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.runtime.decoder import Decoder, Logits
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


@dataclass
class TextStream:
    """A generation while it runs: iterate over it for text, then ask for its `result`.

    Characters are never split, and a piece never holds a part of a stop string.
    """

    decoder: Decoder
    tokenizer: Tokenizer
    prompt: str
    config: GenerationConfig
    seed: int
    _tokens: list[int] = field(default_factory=list)
    _logprobs: list[float] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _stops: StopFilter = field(init=False)
    _prompt_tokens: int = 0

    def __post_init__(self) -> None:
        self._stops = StopFilter(self.config.stop)

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of text as soon as they are certain; none is empty."""
        for piece in self._stops.pass_on(self.tokenizer.decode_stream(self._draw())):
            if piece:
                self._text.append(piece)
                yield piece

    def result(self) -> Generation:
        """Return what has been generated so far."""
        ended = self._stops.stopped or self._tokens[-1:] == [EOS_ID]
        return Generation(
            text="".join(self._text),
            tokens=tuple(self._tokens),
            logprobs=tuple(self._logprobs),
            finish_reason="stop" if ended else "length",
            seed=self.seed,
            usage=Usage(self._prompt_tokens, len(self._tokens)),
        )

    def _draw(self) -> Iterator[int]:
        """Feed the prompt to the model from the zero state, after `<eos>`, and draw tokens."""
        prompt = np.concatenate([[EOS_ID], self.tokenizer.encode(self.prompt)])
        self._prompt_tokens = len(prompt) - 1
        sampler = Sampler(self.config, seed=self.seed)
        logits, state = self.decoder.read(prompt, self.decoder.initial_state())
        for number in range(self.config.max_new_tokens):
            if number:
                rows, state = self.decoder.step(self._tokens[-1:], state)
                logits = rows[0]
            token = sampler.draw(logits)
            self._tokens.append(token)
            self._logprobs.append(_logprob(logits, token))
            yield token
            if token == EOS_ID:
                return


def _logprob(logits: Logits, token: int) -> float:
    """Return the natural log-probability of a token, in double precision."""
    shifted = logits.astype(np.float64) - logits.max()
    return float(shifted[token]) - math.log(float(np.exp(shifted).sum()))
