"""The engine protocol: what generation, sessions and scoring need of a model that runs."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from textgen.config.model import ModelConfig
from textgen.runtime.engine.state import State
from textgen.sampling.filters import Logits
from textgen.sampling.plan import SamplingPlan


class Block(NamedTuple):
    """The result of one call of `Engine.decode`.

    Attributes:
        tokens: the chosen tokens, of shape (steps, batch).
        logits: the model's logits for each of them, of shape (steps, batch, vocabulary).
        state: the state after all but the last token was fed.
    """

    tokens: NDArray[np.int64]
    logits: Logits
    state: State


@runtime_checkable
class Engine(Protocol):
    """A language model that runs. It holds no state, so several threads may share it.

    `load_engine` makes one.
    """

    @property
    def config(self) -> ModelConfig:
        """Sizes of the layers, without labels."""

    @property
    def precision(self) -> str:
        """Format of the weight matrices and of their products: "int8" or "fp32"."""

    @property
    def threads(self) -> int:
        """Threads that one operation uses."""

    def initial_state(self, batch_size: int = 1) -> State:
        """Return the zero state of a number of streams."""

    def prefill(self, tokens: NDArray[np.integer], state: State) -> State:
        """Feed a whole sequence to one stream.

        Args:
            tokens: ids, of shape (time,); may be empty.
            state: the state before the sequence.

        Returns:
            the state after it.
        """

    def decode(
        self,
        tokens: Sequence[int] | NDArray[np.integer],
        state: State,
        plans: Sequence[SamplingPlan],
    ) -> Block:
        """Feed one token to each stream, choose the next one, feed that, and so on.

        Args:
            tokens: ids to feed first, of shape (batch,).
            state: the state before them.
            plans: one for each stream, all for the same number of steps.
        """

    def step(
        self, tokens: Sequence[int] | NDArray[np.integer], state: State
    ) -> tuple[Logits, State]:
        """Feed one token to each stream.

        Args:
            tokens: ids, of shape (batch,).
            state: the state before them.

        Returns:
            logits of shape (batch, vocabulary), and the state after the tokens.
        """

    def score(self, tokens: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Feed a sequence to one stream and return the logits after each token.

        Args:
            tokens: ids, of shape (time,).
            state: the state before the sequence.

        Returns:
            logits of shape (time, vocabulary), and the state after the sequence.
        """

    def hidden_states(
        self, tokens: NDArray[np.integer], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Feed a sequence to one stream and return the last layer's output after each token.

        Args:
            tokens: ids, of shape (time,).
            state: the state before the sequence.

        Returns:
            hidden states of shape (time, units), and the state after the sequence.
        """
