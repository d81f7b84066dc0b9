"""Choosing the tokens of one generation: biases, hooks, constraint, the chain, the draw."""

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


class Constraint(Protocol):
    """What the text must be, told token by token."""

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next, of shape (vocabulary,)."""

    def accept(self, token: int) -> bool:
        """Go on behind a token; if that is too far from an end, stay, and allow another one."""


class Sampler:
    """Chooses tokens one by one, or says how a graph can choose some by itself.

    Args:
        config: the filters' settings.
        vocab_size: number of token types.
        seed: of the draws.
        biases: tokens, and what is added to their logits.
        history: tokens that the text begins with, for penalties and hooks; shape (tokens,).
        breakers: tokens across which DRY sees no repetition.
        logits_processors: the user's functions, applied after the biases, in order.
        constraint: what the text must be.
        position: how many tokens are already drawn of this generation.
        drawn: how many random numbers are already used, a position each.
        mirostat_mu: that Mirostat begins with; its own if not given.
        refused: tokens that may not be chosen at some positions.

    Raises:
        UsageError: the biases leave nothing but the end, which `min_new_tokens` forbids.
    """

    def __init__(
        self,
        config: GenerationConfig,
        vocab_size: int,
        *,
        seed: int,
        biases: Sequence[tuple[int, float]] = (),
        history: Sequence[int] | NDArray[np.integer] = (),
        breakers: Collection[int] = (),
        logits_processors: Sequence[LogitsProcessor] = (),
        constraint: Constraint | None = None,
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
        self._decision = np.zeros(1, np.uint32)  # the bits of a chance that the chain may take
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
            UsageError: a hook failed, or returned what no logits can be.
            DataError: nothing is left to choose from.
        """
        return self._candidates(self._moved(logits))

    def _moved(self, logits: Logits) -> Logits:
        """Return logits with biases, bans and what hooks make of them."""
        logits = self.biased(logits)
        for processor in self._logits_processors:
            logits = apply_processor(processor, self._tokens, logits)
        return _without(logits, self._refused.get(self.position, ()))  # whatever a hook wants

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
        """Return with which probability each token comes next, of shape (vocabulary,).

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
        """Return with which probability each token is drawn first."""
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
        logits = self._moved(logits)
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
        """Return how a graph chooses the next tokens as `draw` would; unless its
        backend is Python.

        The number of steps may not go beyond `steps_alike`.
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

    def steps_alike(self, most: int) -> int:
        """Return how many of the next steps one plan can hold, at most `most`."""
        changes = {self._config.min_new_tokens, *self._refused, *(p + 1 for p in self._refused)}
        limits = [most, *(change - self.position for change in changes if change > self.position)]
        if self._recent is not None and self._config.repeat_last_n > 0:
            limits.append(self._config.repeat_last_n)  # what leaves has to be known
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
