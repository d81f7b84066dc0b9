"""Requirements of a training on text and memory, checked before TensorFlow loads."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textgen.artifact.conditioning import MOST_LABELS
from textgen.config.cost import least_training_bytes
from textgen.config.model import ModelConfig
from textgen.config.training import TrainingConfig
from textgen.config.values import several
from textgen.errors import DataError, NotEnoughMemory, brief, by_setting, is_out_of_memory
from textgen.tokenization.held_out import why_nothing_is_held_out
from textgen.tokenization.token_store import TokenStore

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
FREE = ("MemAvailable", "SwapFree")
# A suggested size takes at most this fraction of the available memory by the estimate: trainings of
# 10 to 38 million parameters took 2.3 to 6 times the estimate, and libraries a gigabyte besides.
ROOM = 8
# Settings that reduce the memory of a training.
SIZES = ("units", "embedding_size", "batch_size")


def require_enough_text(store: TokenStore, training: TrainingConfig) -> None:
    """Refuse a corpus that is too small to train on.

    Args:
        store: the corpus.
        training: with the number of streams and the window.

    Raises:
        DataError: one of its splits is too small, or it has too many labels.
    """
    require_length(store.counts("train").tokens, training.batch_size, training.window)
    if why := why_nothing_is_held_out(store.manifest):
        raise DataError(f"{store.manifest.corpus}: {why}")
    if len(store.labels) > MOST_LABELS:
        raise DataError(
            f"the corpus has {len(store.labels):,} labels, more than {MOST_LABELS:,}; choose "
            f"another {by_setting('{}', 'label_column')}"
        )


def require_length(tokens: int, batch_size: int, window: int) -> None:
    """Refuse a training split with less than one window per stream.

    Raises:
        DataError: it is too short.
    """
    if tokens < batch_size * window:
        raise DataError(
            f"the corpus is too short: {tokens} tokens to train on, but {batch_size} "
            f"streams of {window} tokens need {batch_size * window}; give more text, or a "
            f"smaller {by_setting('{}', 'batch_size')} or {by_setting('{}', 'window')}"
        )


def require_memory(config: ModelConfig, training: TrainingConfig) -> None:
    """Refuse a network that clearly exceeds the memory of this machine.

    Args:
        config: of the network.
        training: of its training.

    Raises:
        NotEnoughMemory: with the needed and the available memory, and a size that fits.
    """
    needed, there = least_training_bytes(config, training), available_bytes()
    if needed > there:
        raise NotEnoughMemory(
            f"{config.parameter_count():,} parameters, {training.batch_size} streams of "
            f"{training.window} tokens take at least {_gigabytes(needed)} of memory to train, and "
            f"there are {_gigabytes(there)}{_smaller(config, training, there)}"
        )


@contextmanager
def memory_end_explained(config: ModelConfig, training: TrainingConfig) -> Iterator[None]:
    """Turn exhausted memory into an error of one line while a network is trained.

    Raises:
        NotEnoughMemory: memory was exhausted.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise NotEnoughMemory(
            f"the memory is not enough for {config.parameter_count():,} parameters and "
            f"{training.batch_size} streams of {training.window} tokens ({brief(error)}); give a "
            f"smaller --units, --batch-size or --window, or end other programs"
        ) from None


def available_bytes() -> int:
    """Return the memory that this process may still take, by machine, control groups and limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    limits = [] if limit == resource.RLIM_INFINITY else [limit]
    return min([_of_machine(), *limits, *_of_groups()])


def _of_machine() -> int:
    """Return the free memory and swap; all memory if the free part is unknown."""
    with suppress(OSError, ValueError):
        lines = (line.partition(":") for line in (PROC / "meminfo").read_text().splitlines())
        sizes = {name: int(value.split()[0]) << 10 for name, _, value in lines}
        if FREE[0] in sizes:
            return sum(sizes.get(name, 0) for name in FREE)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_groups() -> Iterator[int]:
    """Yield the memory limits of the control groups of this process, as containers set them."""
    groups: list[str] = []
    with suppress(OSError):  # not on macOS
        groups = (PROC / "self" / "cgroup").read_text().splitlines()
    for group in groups:
        number, kinds, path = group.split(":", 2)
        if number == "0":
            root, name = CGROUPS, "memory.max"
        elif "memory" in kinds.split(","):
            root, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        folder = root / path.lstrip("/")
        for place in (folder, *folder.parents):
            with suppress(OSError, ValueError):  # not there, or "max"
                yield int((place / name).read_text())
            if place == root:
                break


def _smaller(config: ModelConfig, training: TrainingConfig, most: int) -> str:
    """Suggest a smaller value of the setting with the largest effect on memory.

    Args:
        config: of the network.
        training: of its training.
        most: available bytes.
    """
    name = min(SIZES, key=lambda name: _with(config, training, name, 1))
    now = training.batch_size if name == "batch_size" else max(several(getattr(config, name)))
    fits = _largest_that(lambda value: _with(config, training, name, value) <= most // ROOM, now)
    if not fits:
        return "; give a smaller network, and fewer streams"
    value = _rounded(fits)
    each = [min(value, own) for own in config.units] if name == "units" else [value]
    return f"; --{name.replace('_', '-')} {','.join(map(str, each))} would fit"


def _with(config: ModelConfig, training: TrainingConfig, name: str, value: int) -> int:
    """Return the memory of a training with one setting limited to a value."""
    if name == "batch_size":
        return least_training_bytes(config, training.replace(batch_size=value))
    if name == "units":
        units = tuple(min(value, own) for own in config.units)
        return least_training_bytes(config.replace(units=units), training)
    return least_training_bytes(config.replace(embedding_size=value), training)


def _largest_that(fits: Callable[[int], bool], upper: int) -> int:
    """Return the largest number below `upper` that fits; 0 if there is none."""
    lower = 0
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (middle, upper) if fits(middle) else (lower, middle)
    return lower


def _rounded(value: int) -> int:
    """Return a number rounded down to its first two digits."""
    unit: int = 10 ** max(0, len(str(value)) - 2)
    return value // unit * unit


def _gigabytes(count: int) -> str:
    """Format a number of bytes for people."""
    return f"{count / 1e9:,.1f} GB"
