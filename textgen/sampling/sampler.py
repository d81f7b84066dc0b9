"""The sampler of a generation: biases, logits processors, constraint, filters, draw."""

import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.config.tokens import EOS_ID
from textgen.errors import DataError, UsageError
from textgen.sampling.backend import SamplingBackend, choose_backend
from textgen.sampling.candidates import Candidates
from textgen.sampling.chain import Chain
from textgen.sampling.filters import Logits, softmax
from textgen.sampling.noise import Bits, Noise, gumbel, uniform
from textgen.sampling.penalties import apply_logit_bias
from textgen.sampling.plan import NO_TOKEN, Penalties, SamplingPlan
from textgen.sampling.token_counts import RecentTokenCounts
from textgen.sampling.user_processors import LogitsProcessor, apply_processor

NO_TOKENS = np.zeros(0, np.intp)
SMALLEST, LARGEST = 0, 2**32 - 1  # bits of a decision for XTC, where it is on, and against it


class TokenConstraint(Protocol):
    """Allows some tokens at each position of a text."""

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next, of shape (vocabulary,)."""

    def accept(self, token: int) -> bool:
        """Take a token; if no ending is near after it, return false, and allow another one."""


class Sampler:
    """Chooses the tokens of a generation one by one, or plans how a graph can choose several.

    Args:
        config: the filters' settings.
        vocab_size: number of token types.
        seed: of the draws.
        biases: tokens, and what is added to their logits.
        history: tokens before the next one, for penalties and logits processors; shape (tokens,).
        breakers: tokens across which DRY sees no repetition.
        logits_processors: the user's functions, applied after the biases, in order.
        constraint: allows some of the tokens.
        position: number of tokens that this generation has already.
        drawn: number of positions whose random numbers are used already.
        mirostat_mu: Mirostat's mu at the position; None for its first value.
        refused: tokens that may not be chosen, by position.

    Raises:
        UsageError: the biases leave `<eos>` alone, which `min_new_tokens` forbids.
    """

    def __init__(  # noqa: PLR0913  # all that the draws of one generation depend on
        self,
        config: GenerationConfig,
        vocab_size: int,
        *,
        seed: int,
        biases: Sequence[tuple[int, float]] = (),
        history: Sequence[int] | NDArray[np.integer] = (),
        breakers: Collection[int] = (),
        logits_processors: Sequence[LogitsProcessor] = (),
        constraint: TokenConstraint | None = None,
        position: int = 0,
        drawn: int = 0,
        mirostat_mu: float | None = None,
        refused: Mapping[int, Collection[int]] = MappingProxyType({}),
    ) -> None:
        self.position = position
        self._refused = refused
        self._config = config
        self._bias = _bias(biases, vocab_size)
        if config.min_new_tokens and np.isneginf(self._bias[EOS_ID + 1 :]).all():
            raise UsageError("banned_tokens leaves <eos> alone, which min_new_tokens forbids")
        self._noise = Noise(seed, vocab_size, drawn)
        self._decision = np.zeros(1, np.uint32)  # the random bits of XTC's decision
        self._logits_processors = logits_processors
        self._constraint = constraint
        self._tokens = (
            array("q", np.asarray(history, np.int64).tobytes()) if logits_processors else None
        )
        self._chain = Chain(
            config,
            vocab_size,
            history=history,
            breakers=frozenset(breakers),
            chance=lambda: float(uniform(self._decision)[0]),
            mirostat_mu=mirostat_mu,
        )
        is_python = bool(logits_processors) or constraint is not None
        self.backend = SamplingBackend.PYTHON if is_python else choose_backend(config, vocab_size)
        self._recent = None  # of a plain sampler; that of others is in the chain
        if self.backend is SamplingBackend.GRAPH and "penalties" in config.active_samplers:
            self._recent = RecentTokenCounts(config.repeat_last_n, vocab_size, history)

    @property
    def mirostat_mu(self) -> float | None:
        """Mirostat's mu, the largest surprisal in bits, if it is on."""
        return self._chain.mirostat_mu

    def biased(self, logits: Logits) -> Logits:
        """Return logits, of shape (..., vocabulary), with biases and bans."""
        logits = logits + self._bias
        if self.position < self._config.min_new_tokens:
            logits[..., EOS_ID] = -np.inf
        return _without(logits, self._refused.get(self.position, ()))

    @property
    def has_choice(self) -> bool:
        """Whether biases and bans leave a token for the text to go on with."""
        return bool((self.biased(np.zeros_like(self._bias))[EOS_ID + 1 :] > -np.inf).any())

    def filter(self, logits: Logits) -> Candidates:
        """Return the tokens that the next one is drawn from, with their logits.

        Args:
            logits: of the model, shape (vocabulary,).

        Raises:
            UsageError: a logits processor failed, or its result cannot be logits.
            DataError: no token is left to choose from.
        """
        return self._candidates(self._processed(logits))

    def _processed(self, logits: Logits) -> Logits:
        """Return logits after biases, bans and logits processors."""
        logits = self.biased(logits)
        for processor in self._logits_processors:
            logits = apply_processor(processor, self._tokens, logits)
        return _without(
            logits, self._refused.get(self.position, ())
        )  # whatever a processor returns

    def _candidates(self, logits: Logits) -> Candidates:
        """Return the tokens that the constraint and the chain leave."""
        if self._constraint is not None:
            logits = np.where(self._constraint.allowed(), logits, np.float32(-np.inf))
        possible = np.flatnonzero(logits > -np.inf)
        if not len(possible):
            raise DataError(
                "no token is left to choose from: bans, logits processors, constraint and "
                "min_new_tokens exclude each other here"
            )
        return self._chain.apply(Candidates(possible, logits[possible]), self.position)

    def probabilities(
        self, logits: Logits, misfits: NDArray[np.intp] = NO_TOKENS
    ) -> NDArray[np.float64]:
        """Return the probability of each token to come next, of shape (vocabulary,).

        Args:
            logits: of the model, shape (vocabulary,).
            misfits: tokens in whose place another one is drawn, shape (tokens,).
        """
        result = self._distribution(logits)
        if share := result[misfits].sum():
            result[misfits] = 0
            result += share * self._distribution(_without(logits, misfits.tolist()))
        return result

    def _distribution(self, logits: Logits) -> NDArray[np.float64]:
        """Return the probability of each token to be drawn first."""
        result = np.zeros(len(logits))
        excluding = self._config.xtc_probability
        for share, decision in ((excluding, SMALLEST), (1 - excluding, LARGEST)):
            if share:
                self._decision = np.array([decision], np.uint32)
                candidates = self.filter(logits)
                result[candidates.ids] += share * softmax(candidates.logits)
        return result

    def draw(self, logits: Logits) -> int:
        """Choose the next token, and remember it; arguments and errors as for `filter`."""
        bits, self._decision = self._noise.take()
        logits = self._processed(logits)
        candidates = self._candidates(logits)
        token = _largest(candidates, bits[0])
        if self._constraint is not None and not self._constraint.accept(token):
            candidates = self._candidates(logits)
            token = _largest(candidates, bits[0])
            self._constraint.accept(token)
        self._chain.accept(token, candidates)
        if self._tokens is not None:
            self._tokens.append(token)
        self.position += 1
        return token

    def plan(self, steps: int) -> SamplingPlan:
        """Return the plan with which a graph chooses the next tokens as `draw` would.

        Args:
            steps: number of tokens, at most `steps_alike`.
        """
        config, first = self._config, self.position
        bias = self.biased(np.zeros_like(self._bias))
        self.position += steps
        heat = [config.temperature_at(position) for position in range(first, self.position)]
        bits, _ = self._noise.take(steps)
        return SamplingPlan(
            bias=bias,
            penalties=self._penalties(steps),
            top_k=config.top_k,
            top_p=config.top_p,
            log_min_p=math.log(config.min_p) if config.min_p else -math.inf,
            temperature=np.array(heat, np.float32),
            bits=bits,
            forced=np.full(steps, NO_TOKEN),
        )

    def remember(self, tokens: Iterable[int]) -> None:
        """Remember the tokens that a graph has drawn by a plan."""
        if self._recent is not None:
            for token in tokens:
                self._recent.append(token)

    def steps_alike(self, limit: int) -> int:
        """Return how many of the next steps one plan can hold, at most `limit`."""
        changes = {self._config.min_new_tokens, *self._refused, *(p + 1 for p in self._refused)}
        limits = [limit, *(change - self.position for change in changes if change > self.position)]
        if self._recent is not None and self._config.repeat_last_n > 0:
            limits.append(
                self._config.repeat_last_n
            )  # the plan names the tokens that leave the window
        return min(limits)

    def _penalties(self, steps: int) -> Penalties | None:
        """Return the penalties of a plan, if there are any."""
        if self._recent is None:
            return None
        config, recent = self._config, self._recent
        return Penalties(
            counts=recent.counts,
            leaving=recent.leaving(steps),
            repetition=config.repetition_penalty,
            presence=config.presence_penalty,
            frequency=config.frequency_penalty,
        )


def _without(logits: Logits, tokens: Collection[int]) -> Logits:
    """Return logits, of shape (..., vocabulary), in which some tokens cannot be chosen."""
    if tokens:
        logits = logits.copy()
        logits[..., list(tokens)] = -np.inf
    return logits


def _largest(candidates: Candidates, bits: Bits) -> int:
    """Return the token whose logit is the largest, Gumbel noise added."""
    shifted = candidates.logits - candidates.logits.max()
    return int(candidates.ids[np.argmax(shifted + gumbel(bits[candidates.ids]))])


def _bias(biases: Sequence[tuple[int, float]], vocab_size: int) -> Logits:
    """Return what is added to each logit; the biases of one token add up."""
    tokens = np.array([token for token, _ in biases], np.int64)
    added = np.array([bias for _, bias in biases], np.float32)
    return apply_logit_bias(np.zeros(vocab_size, np.float32), tokens, added)
