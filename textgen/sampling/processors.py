"""The stages of the chain: filters with their settings and the state of some of them."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.config.generation import GenerationConfig
from textgen.sampling.candidates import Candidates
from textgen.sampling.dry import Repetitions, apply_dry
from textgen.sampling.filters import (
    Logits,
    apply_temperature,
    apply_xtc,
    distribution,
    dynamic_temperature,
)
from textgen.sampling.mirostat import BITS, Mirostat, apply_mirostat
from textgen.sampling.penalties import apply_presence_and_frequency, apply_repetition_penalty
from textgen.sampling.token_counts import RecentTokenCounts

History = Sequence[int] | NDArray[np.integer]


class LogitsStage:
    """A filter of one generation, with its settings.

    Args:
        function: from logits to logits, both of shape (n,).
    """

    def __init__(self, function: Callable[[Logits], Logits]) -> None:
        self._function = function

    @property
    def mirostat_mu(self) -> float | None:
        """Mirostat's mu, if this is Mirostat's stage."""
        return None

    def apply(self, candidates: Candidates, position: int) -> Logits:
        """Return the candidates' logits, filtered; the position is the number of new tokens."""
        return self._function(candidates.logits)

    def accept(self, token: int, candidates: Candidates) -> None:
        """Take note of the token that was drawn; a plain filter has no state."""


class PenaltyStage(LogitsStage):
    """Repetition, presence and frequency penalties on the recent tokens."""

    def __init__(self, config: GenerationConfig, vocab_size: int, history: History) -> None:
        self._config = config
        self._recent = RecentTokenCounts(config.repeat_last_n, vocab_size, history)

    def apply(self, candidates: Candidates, position: int) -> Logits:
        config, recent = self._config, self._recent.distinct()
        at, found = candidates.find(recent)
        counts = self._recent.counts[recent[found]]
        logits = apply_repetition_penalty(candidates.logits, at, config.repetition_penalty)
        return apply_presence_and_frequency(
            logits, at, counts, config.presence_penalty, config.frequency_penalty
        )

    def accept(self, token: int, candidates: Candidates) -> None:
        self._recent.append(token)


class DryStage(LogitsStage):
    """DRY over the last tokens."""

    def __init__(
        self, config: GenerationConfig, history: History, breakers: Collection[int]
    ) -> None:
        self._config = config
        self._repetitions = Repetitions(config.dry_last_n, breakers, history)

    def apply(self, candidates: Candidates, position: int) -> Logits:
        config = self._config
        tokens, lengths = self._repetitions.extended(config.dry_allowed_length)
        at, found = candidates.find(tokens)
        excess = lengths[found] - config.dry_allowed_length
        return apply_dry(candidates.logits, at, excess, config.dry_multiplier, config.dry_base)

    def accept(self, token: int, candidates: Candidates) -> None:
        self._repetitions.append(token)


class XtcStage(LogitsStage):
    """XTC, with one random number for each token."""

    def __init__(self, config: GenerationConfig, chance: Callable[[], float]) -> None:
        self._config = config
        self._chance = chance

    def apply(self, candidates: Candidates, position: int) -> Logits:
        config = self._config
        return apply_xtc(
            candidates.logits, config.xtc_probability, config.xtc_threshold, self._chance()
        )


class TemperatureStage(LogitsStage):
    """The temperature of each position, moved by the entropy if it is dynamic."""

    def __init__(self, config: GenerationConfig) -> None:
        self._config = config

    def apply(self, candidates: Candidates, position: int) -> Logits:
        config, logits = self._config, candidates.logits
        temperature = dynamic_temperature(
            logits,
            config.temperature_at(position),
            config.dynatemp_range,
            config.dynatemp_exponent,
        )
        return apply_temperature(logits, temperature)


class MirostatStage(LogitsStage):
    """Mirostat 2."""

    def __init__(self, config: GenerationConfig, mu: float | None) -> None:
        self._mirostat = Mirostat(config.mirostat_tau, config.mirostat_eta, mu)

    @property
    def mirostat_mu(self) -> float | None:
        return self._mirostat.mu

    def apply(self, candidates: Candidates, position: int) -> Logits:
        return apply_mirostat(candidates.logits, self._mirostat.mu)

    def accept(self, token: int, candidates: Candidates) -> None:
        at = candidates.ids.searchsorted(token)
        _, surprisals = distribution(candidates.logits)
        self._mirostat.correct(float(surprisals[at]) * BITS)
