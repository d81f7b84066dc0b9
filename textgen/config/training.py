"""How long and how a model is trained."""

import os
from dataclasses import dataclass
from typing import NamedTuple, Self

from textgen.config.base import Config, option
from textgen.config.cpu import cpu_features
from textgen.config.duration import parse_duration
from textgen.config.model import STORAGES
from textgen.config.readings import no_limit, seconds
from textgen.errors import UsageError

DEFAULT_BUDGET = "5m"
SAVE_SHARE = 0.02  # of the time may go into checkpoints


class Usual(NamedTuple):
    """What an optimizer is run with unless something else is asked for."""

    learning_rate: float
    weight_decay: float = 0.0


OPTIMIZERS = {
    "adamw": Usual(8e-3, weight_decay=0.01),
    "adam": Usual(8e-3),
    "nadam": Usual(8e-3),
    "adamax": Usual(2e-2),
    "lamb": Usual(3e-2),
    "lion": Usual(3e-3),
    "rmsprop": Usual(8e-3),
    "sgd": Usual(16.0),
    "adagrad": Usual(1.0),
    "adadelta": Usual(30.0),
}
MOMENTUM_OPTIMIZERS = ("sgd", "rmsprop")
SCHEDULES = ("cosine", "linear", "constant")
MATMULS = ("auto", "fp32", "bf16")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}  # of x86 processors, in Linux's words
# A variable keeps oneDNN, which computes TensorFlow's products, to a set of instructions: to some
# that make bf16 of others, or to some with which it ends the process that asks for bf16.
ONEDNN_LIMIT = "ONEDNN_MAX_CPU_ISA"
SLOW_BF16 = {"AVX512_CORE", "AVX512_CORE_VNNI"}
NO_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"}
METRICS = ("accuracy", "top_5_accuracy", "top_10_accuracy")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """Length, optimization and seed of a training run."""

    budget: str | None = option(
        None,
        f"Training time, as 90s, 10m or 1h30m: optimization and validation alone. "
        f"[default: {DEFAULT_BUDGET} unless --steps or --epochs is given]",
        reads=seconds,
    )
    steps: int | None = option(None, "Number of optimizer steps, instead of a time.", minimum=1)
    epochs: int | None = option(
        None, "Number of passes over the training split, instead of a time.", minimum=1
    )
    max_epochs: int | None = option(
        None,
        "Passes over the training split after which a time is over early.",
        is_fitted=True,
        minimum=1,
    )
    size: str = option(
        "auto",
        "Network and settings for a text and a training time; auto finds a size out, and what is "
        "named besides is as it is named.",
        choices=("auto", "s", "m", "l", "xl"),
    )
    batch_size: int = option(32, "Streams of text trained side by side.", is_fitted=True, minimum=1)
    window: int = option(
        64, "Tokens through which the gradient runs back (truncated back-propagation).", minimum=1
    )
    state_reset: float = option(
        0.02, "Probability that a stream begins a window with an empty state.", minimum=0, maximum=1
    )
    optimizer: str = option("adamw", "What makes steps of gradients.", choices=tuple(OPTIMIZERS))
    learning_rate: float | None = option(
        None,
        "Peak learning rate; the usual one is multiplied with 1 - momentum. "
        f"[default: of adamw by --size, "
        f"{', '.join(f'{usual[0]:g} {name}' for name, usual in list(OPTIMIZERS.items())[1:])}]",
        above=0,
    )
    momentum: float = option(
        0.0, f"Momentum of {' and '.join(MOMENTUM_OPTIMIZERS)}.", minimum=0, below=1
    )
    schedule: str = option(
        "cosine", "How the learning rate falls after its rise.", choices=SCHEDULES
    )
    warmup: float = option(
        0.02, "Share of the steps in which the learning rate rises.", minimum=0, maximum=1
    )
    weight_decay: float | None = option(
        None,
        f"Weight decay, on matrices. [default: {OPTIMIZERS['adamw'].weight_decay:g} adamw, else 0]",
        minimum=0,
    )
    clip_norm: float = option(
        1.0, "Largest global norm of the gradient; 0 is no limit.", reads=no_limit, minimum=0
    )
    label_smoothing: float = option(
        0.0, "Share of the target that is spread over all tokens in training.", minimum=0, below=1
    )
    softmax_samples: int = option(
        0,
        "Other tokens that a step's loss is computed among, drawn anew each time; 0 is all. "
        "Validation is always computed among all.",
        is_fitted=True,
        minimum=0,
    )
    metrics: tuple[str, ...] = option(
        (), "Further figures of the validation, with commas between them.", choices=METRICS
    )
    validations: int = option(
        10,
        "Most times that validation is measured; fewer if it took over 10% of the time.",
        minimum=1,
        maximum=1000,
    )
    patience: int | None = option(
        None,
        "End the training after so many validations in a row without a new best.  [default: never]",
        minimum=1,
    )
    save_every: str = option(
        "60s",
        f"Time between checkpoints, as 30s or 5m; longer where they would take over "
        f"{SAVE_SHARE:.0%} of it.",
        reads=seconds,
    )
    storage: str = option(
        "fp32",
        "Format of the weights in the model folder; fp16 is half as large.",
        choices=STORAGES,
    )
    copy_index: bool = option(
        False,
        "Put an index of the training text, five times its size, into the model folder, for "
        "'generate --max-copy'.",
    )
    matmul: str = option(
        "auto",
        "Format of matrix products in training; auto is bf16 where the processor computes in it.",
        choices=MATMULS,
    )
    threads: int | None = option(
        None, "CPU threads; the results depend on it.  [default: one a core]", minimum=1
    )
    seed: int = option(
        1337, "Seed of weights, dropout and batches.", flags=("-s",), minimum=0, maximum=2**63 - 1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [n for n in ("budget", "steps", "epochs") if getattr(self, n) is not None]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} exclude each other; give one of them")
        if self.budget is not None:
            parse_duration(self.budget)
        parse_duration(self.save_every)
        if self.momentum and self.optimizer not in MOMENTUM_OPTIMIZERS:
            raise UsageError(
                f"momentum is {self.momentum:g}, but {self.optimizer} takes none; those that do "
                f"are {' and '.join(MOMENTUM_OPTIMIZERS)}"
            )

        if self.softmax_samples and self.label_smoothing:
            raise UsageError("softmax_samples and label_smoothing exclude each other; give one")

    @property
    def peak_rate(self) -> float:
        """The largest learning rate: the one given, or the optimizer's usual one.

        Momentum makes a step 1 / (1 - momentum) times as long in the end; the usual rate is
        that much smaller with it.
        """
        usual = OPTIMIZERS[self.optimizer].learning_rate * (1 - self.momentum)
        return usual if self.learning_rate is None else self.learning_rate

    @property
    def decay(self) -> float:
        """The weight decay: the one given, or the optimizer's usual one."""
        usual = OPTIMIZERS[self.optimizer].weight_decay
        return usual if self.weight_decay is None else self.weight_decay

    @property
    def budget_seconds(self) -> float | None:
        """The time budget in seconds, or None when the length is given in steps or epochs."""
        if self.steps is not None or self.epochs is not None:
            return None
        return parse_duration(self.budget or DEFAULT_BUDGET)

    @property
    def save_seconds(self) -> float:
        """The seconds between checkpoints."""
        return parse_duration(self.save_every)

    @property
    def cores(self) -> int:
        """The number of CPU threads: the one given, or one for each core we may use."""
        if self.threads:
            return self.threads
        limited = hasattr(os, "sched_getaffinity")  # not on macOS
        return len(os.sched_getaffinity(0)) if limited else os.cpu_count() or 1

    @property
    def product_format(self) -> str:
        """The format of matrix products: the one given, or the fastest of this processor.

        Raises:
            UsageError: it is bf16, which a variable of the environment forbids.
        """
        limit = os.environ.get(ONEDNN_LIMIT, "")
        if self.matmul == "bf16" and limit.upper() in NO_BF16:
            raise UsageError(
                f"matmul is 'bf16', but {ONEDNN_LIMIT}={limit} leaves no products in it; unset "
                f"that variable, or take fp32"
            )
        if self.matmul != "auto":
            return self.matmul
        is_fast = cpu_features() & BF16_FLAGS and limit.upper() not in SLOW_BF16 | NO_BF16
        return "bf16" if is_fast else "fp32"

    def resolved(self) -> Self:
        """Return the same settings with nothing left to defaults that may differ elsewhere."""
        budget = DEFAULT_BUDGET if self.budget_seconds and not self.budget else self.budget
        return self.replace(
            budget=budget,
            learning_rate=self.peak_rate,
            weight_decay=self.decay,
            threads=self.cores,
            matmul=self.product_format,
        )
