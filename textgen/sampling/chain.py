"""The chain of filters."""

from collections.abc import Callable, Collection
from functools import partial

import numpy as np

from textgen.config.generation import GenerationConfig
from textgen.sampling.candidates import Candidates
from textgen.sampling.filters import (
    apply_min_p,
    apply_top_k,
    apply_top_n_sigma,
    apply_top_p,
    apply_typical_p,
)
from textgen.sampling.processors import (
    DryStage,
    History,
    LogitsStage,
    MirostatStage,
    PenaltyStage,
    TemperatureStage,
    XtcStage,
)


class Chain:
    """The active filters of a generation, in the order of its settings.

    A token that one filter removes is gone for the filters after it.

    Args:
        config: the filters' settings.
        vocab_size: number of token types.
        history: tokens before the next one, for penalties and DRY; shape (tokens,).
        breakers: tokens across which DRY sees no repetition.
        chance: returns a random number, at least 0 and below 1; called once a token if XTC is on.
        mirostat_mu: Mirostat's mu; None for its first value.
    """

    def __init__(
        self,
        config: GenerationConfig,
        vocab_size: int,
        *,
        history: History = (),
        breakers: Collection[int] = frozenset(),
        chance: Callable[[], float],
        mirostat_mu: float | None = None,
    ) -> None:
        stages: dict[str, Callable[[], LogitsStage]] = {
            "penalties": lambda: PenaltyStage(config, vocab_size, history),
            "dry": lambda: DryStage(config, history, breakers),
            "top_n_sigma": lambda: LogitsStage(partial(apply_top_n_sigma, n=config.top_n_sigma)),
            "top_k": lambda: LogitsStage(partial(apply_top_k, k=config.top_k)),
            "typical_p": lambda: LogitsStage(partial(apply_typical_p, p=config.typical_p)),
            "top_p": lambda: LogitsStage(partial(apply_top_p, p=config.top_p)),
            "min_p": lambda: LogitsStage(partial(apply_min_p, p=config.min_p)),
            "xtc": lambda: XtcStage(config, chance),
            "temperature": lambda: TemperatureStage(config),
            "mirostat": lambda: MirostatStage(config, mirostat_mu),
        }
        self._stages = [stages[name]() for name in config.active_samplers]

    @property
    def mirostat_mu(self) -> float | None:
        """Mirostat's mu, the largest surprisal in bits, if it is on."""
        for stage in self._stages:
            if (mu := stage.mirostat_mu) is not None:
                return mu
        return None

    def apply(self, candidates: Candidates, position: int) -> Candidates:
        """Return the candidates that are left, with the logits that the next token is drawn by.

        Args:
            candidates: the possible tokens, with the model's logits.
            position: number of tokens that the generation has already.
        """
        with np.errstate(over="ignore"):  # near 0 a temperature makes logits as large as can be
            for stage in self._stages:
                candidates = candidates.with_logits(stage.apply(candidates, position))
        return candidates

    def accept(self, token: int, candidates: Candidates) -> None:
        """Remember the token that was drawn.

        Args:
            token: one of the candidates.
            candidates: the result of `apply`.
        """
        for stage in self._stages:
            stage.accept(token, candidates)


def looks_back(config: GenerationConfig) -> int | None:
    """Return the number of last tokens that the filters depend on; None for all."""
    active = config.active_samplers
    penalized = config.repeat_last_n if "penalties" in active else 0
    repeated = config.dry_last_n if "dry" in active else 0
    return None if penalized < 0 else max(penalized, repeated)
