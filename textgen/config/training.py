"""Settings of a training run."""

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
SHORTEST_WINDOW = 32  # tokens; a text with fewer is too short to learn from
SAVE_SHARE = 0.02  # maximum fraction of the time for checkpoints


class Usual(NamedTuple):
    """Default settings of an optimizer."""

    learning_rate: float
    weight_decay: float = 0.0


# config/size.py and config/finetuning.py replace the learning rate of adamw.
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
# oneDNN computes TensorFlow's matrix products. This variable limits its instruction set. With some
# limits it emulates bf16, and with others it ends a process that asks for bf16.
ONEDNN_LIMIT = "ONEDNN_MAX_CPU_ISA"
SLOW_BF16 = {"AVX512_CORE", "AVX512_CORE_VNNI"}
NO_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"}
METRICS = ("accuracy", "top_5_accuracy", "top_10_accuracy")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """Length, optimization and seed of a training run.

    Every setting is a keyword argument and an option of `textgen train`, whose `--help` explains
    it. Where the text decides a default, `config/size.py` sets it in a run from scratch, and
    `config/finetuning.py` in a run that starts from a model.

    Raises:
        UsageError: a value of the wrong type or out of range, or settings that exclude each other.

    Example:
        >>> from textgen import TrainingConfig
        >>> TrainingConfig(budget="10m").budget_seconds
        600.0
    """

    budget: str | None = option(
        None,
        f"Training time, such as 90s, 10m or 1h30m; only optimization and validation count.  "
        f"[default: {DEFAULT_BUDGET}, unless --steps or --epochs is given]",
        reads=seconds,
    )
    steps: int | None = option(
        None, "Number of optimizer steps, in the place of --budget.", minimum=1
    )
    epochs: int | None = option(
        None, "Number of passes over the training split, in the place of --budget.", minimum=1
    )
    max_epochs: int | None = option(
        None,
        "Stop a --budget run after this many epochs.",
        group="Optimization",
        is_fitted=True,
        minimum=1,
    )
    size: str = option(
        "auto",
        "Size of the network, with matching settings; auto chooses one from corpus size and "
        "budget. Options you pass override it.",
        choices=("auto", "s", "m", "l", "xl"),
    )
    batch_size: int = option(
        32,
        "Number of sequences that are trained in parallel.",
        group="Optimization",
        is_fitted=True,
        minimum=1,
    )
    window: int = option(
        64,
        "Sequence length of truncated backpropagation, in tokens.",
        group="Optimization",
        minimum=1,
    )
    state_reset: float = option(
        0.02,
        "Probability that a sequence starts from a zero state instead of the carried one.",
        group="Optimization",
        minimum=0,
        maximum=1,
    )
    optimizer: str = option("adamw", "Optimizer.", group="Optimization", choices=tuple(OPTIMIZERS))
    # That of adamw is fitted; else None is that of OPTIMIZERS above.
    learning_rate: float | None = option(
        None,
        "Peak learning rate.  [default: by --size for adamw, less in a run from a model; "
        + ", ".join(f"{usual.learning_rate:g} {n}" for n, usual in [*OPTIMIZERS.items()][1:])
        + "; times 1 - momentum]",
        group="Optimization",
        above=0,
    )
    momentum: float = option(
        0.0,
        f"Momentum of {' and '.join(MOMENTUM_OPTIMIZERS)}.",
        group="Optimization",
        minimum=0,
        below=1,
    )
    schedule: str = option(
        "cosine",
        "Decay of the learning rate after the warmup.",
        group="Optimization",
        choices=SCHEDULES,
    )
    warmup: float = option(
        0.02,
        "Fraction of the steps in which the learning rate rises.",
        group="Optimization",
        minimum=0,
        maximum=1,
    )
    weight_decay: float | None = option(
        None,
        f"Weight decay of the matrices.  [default: {OPTIMIZERS['adamw'].weight_decay:g} for adamw, "
        f"else 0]",
        group="Optimization",
        minimum=0,
    )
    clip_norm: float = option(
        1.0,
        "Maximum global norm of the gradient; 0 is no limit.",
        group="Optimization",
        reads=no_limit,
        minimum=0,
    )
    label_smoothing: float = option(
        0.0,
        "Fraction of the target that is spread over all tokens in training.",
        group="Optimization",
        minimum=0,
        below=1,
    )
    softmax_samples: int = option(
        0,
        "Negative samples per step (sampled softmax); 0 uses the full softmax, as validation "
        "always does.",
        group="Optimization",
        is_fitted=True,
        minimum=0,
    )
    metrics: tuple[str, ...] = option(
        (),
        "Additional validation metrics, separated by commas.",
        group="Validation and checkpoints",
        choices=METRICS,
    )
    validations: int = option(
        10,
        "Maximum number of validations; fewer if they would take over 10% of the time.",
        group="Validation and checkpoints",
        minimum=1,
        maximum=1000,
    )
    patience: int | None = option(
        None,
        "Stop after this many validations in a row without improvement.  [default: never]",
        group="Validation and checkpoints",
        minimum=1,
    )
    save_every: str = option(
        "60s",
        f"Time between checkpoints, such as 30s or 5m; longer if they would take over "
        f"{SAVE_SHARE:.0%} of the time.",
        group="Validation and checkpoints",
        reads=seconds,
    )
    storage: str = option(
        "fp32",
        "Number format of the weights in the model folder; fp16 takes half the space, int8 a "
        "quarter.",
        group="Output",
        choices=STORAGES,
    )
    copy_index: bool = option(
        False,
        "Add an index of the training text to the model folder, for 'generate --max-copy'; it is "
        "five times the size of the text.",
        group="Output",
    )
    matmul: str = option(
        "auto",
        "Number format of matrix products in training; auto uses bf16 if the processor supports "
        "it.",
        group="Compute",
        choices=MATMULS,
    )
    threads: int | None = option(
        None,
        "Number of CPU threads; results depend on it.  [default: one per core]",
        group="Compute",
        minimum=1,
    )
    seed: int = option(
        1337,
        "Random seed of weights, dropout and batches.",
        group="Optimization",
        flags=("-s",),
        minimum=0,
        maximum=2**63 - 1,
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
                f"momentum is {self.momentum:g}, but {self.optimizer} takes none; use "
                f"{' or '.join(MOMENTUM_OPTIMIZERS)}, or leave momentum out"
            )
        if self.softmax_samples and self.label_smoothing:
            raise UsageError("softmax_samples and label_smoothing exclude each other; give one")

    @property
    def peak_rate(self) -> float:
        """The largest learning rate: the one given, or the optimizer's default.

        Momentum makes a step up to 1 / (1 - momentum) times as long. The default rate is divided by
        that factor.
        """
        usual = OPTIMIZERS[self.optimizer].learning_rate * (1 - self.momentum)
        return usual if self.learning_rate is None else self.learning_rate

    @property
    def decay(self) -> float:
        """The weight decay: the one given, or the optimizer's default."""
        usual = OPTIMIZERS[self.optimizer].weight_decay
        return usual if self.weight_decay is None else self.weight_decay

    @property
    def budget_seconds(self) -> float | None:
        """The time budget in seconds, or None when the length is given in steps or epochs."""
        if self.steps is not None or self.epochs is not None:
            return None
        return parse_duration(self.budget or DEFAULT_BUDGET)

    def window_in(self, tokens: int) -> int:
        """The window in a text of a number of tokens: all of it, if it is shorter than a window."""
        return min(self.window, max(tokens, SHORTEST_WINDOW))

    @property
    def save_seconds(self) -> float:
        """The seconds between checkpoints."""
        return parse_duration(self.save_every)

    @property
    def cores(self) -> int:
        """The number of CPU threads: the one given, or one for each core of this process."""
        if self.threads:
            return self.threads
        limited = hasattr(os, "sched_getaffinity")  # not on macOS
        return len(os.sched_getaffinity(0)) if limited else os.cpu_count() or 1

    @property
    def product_format(self) -> str:
        """The number format of matrix products: the one given, or this processor's fastest.

        Raises:
            UsageError: the format is bf16, and an environment variable excludes it.
        """
        limit = os.environ.get(ONEDNN_LIMIT, "")
        if self.matmul == "bf16" and limit.upper() in NO_BF16:
            raise UsageError(
                f"matmul is 'bf16', but {ONEDNN_LIMIT}={limit} excludes bf16; unset that variable, "
                f"or take fp32"
            )
        if self.matmul != "auto":
            return self.matmul
        is_fast = cpu_features() & BF16_FLAGS and limit.upper() not in SLOW_BF16 | NO_BF16
        return "bf16" if is_fast else "fp32"

    def resolved(self) -> Self:
        """Return the same settings, with a value for each default that depends on the machine."""
        budget = DEFAULT_BUDGET if self.budget_seconds and not self.budget else self.budget
        return self.replace(
            budget=budget,
            learning_rate=self.peak_rate,
            weight_decay=self.decay,
            threads=self.cores,
            matmul=self.product_format,
        )
