#!/usr/bin/env python
"""Times what checkpoints cost a training: some steps with one, some without, alternating.

    .venv/bin/python scripts/bench_checkpoint.py [--only CASE] [--quick] [--json]

A checkpoint's cost is its writing, flushed to the disk, and what the steps after it lose by it.
The share is that of the default interval between two checkpoints; the ratio is the speed of a
training with checkpoints over that of one without any.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

import click
from benchmarks.comparison import Result, compare

# name: tokenizer, vocabulary, units, streams, window
CASES: dict[str, tuple[str, int | None, tuple[int, ...], int, int]] = {
    "char 1x512, 32 x 64": ("char", None, (512,), 32, 64),
    "char 2x512, 64 x 128": ("char", None, (512, 512), 64, 128),
    "bpe 1x1024, 32 x 64": ("bpe", 4096, (1024,), 32, 64),
}
RIVAL = "no checkpoints"
STEPS = 4  # of each block


class Case:
    """A training that takes its steps when it is asked to."""

    def __init__(self, case: str, folder: Path) -> None:
        from textgen.config.model import NetworkConfig
        from textgen.config.training import TrainingConfig
        from textgen.evaluation.quality import Quality
        from textgen.tokenization.store_cache import open_corpus
        from textgen.trainer.history import History
        from textgen.trainer.job_folder import JobFolder
        from textgen.trainer.result import Best
        from textgen.trainer.run_state import RunState
        from textgen.trainer.schedule import Schedule
        from textgen.trainer.trainer import Trainer

        tokenizer, vocab_size, units, batch, window = CASES[case]
        sizes = {"vocab_size": vocab_size} if vocab_size else {}
        store = open_corpus("tidewater", {"tokenizer": tokenizer, **sizes})
        training = TrainingConfig(batch_size=batch, window=window)
        self.trainer = Trainer(store, NetworkConfig(units=units), training)
        self.progress = RunState(Schedule(1, (1,), 1), History.of_run(1))
        quality = Quality.of(1.0, store.counts("validation"))
        self.progress.best = Best(0, self.trainer.model.named_weights(), quality, 1, {})
        self.folder = JobFolder(folder)
        self.folder.begin(overwrite=False)
        self.every = training.save_seconds
        self.tokens, self.fresh = next(self.trainer.batches.epoch(0))
        self.state = self.trainer.model.initial_state(batch)

    def take_steps(self, *, save: bool) -> float:
        """Return the seconds of some steps, a checkpoint before them or not."""
        start = time.perf_counter()
        if save:
            self.folder.save(self.trainer.checkpoint(self.progress))
        for _ in range(STEPS):
            _, _, self.state = self.trainer.step.train(self.tokens, self.fresh, self.state, 1e-3)
            self.progress.carried = self.state
        return time.perf_counter() - start


def measure(name: str, rounds: int) -> Result:
    """Return the cost of a checkpoint as a share of the time."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(name, Path(folder) / "model")
        case.take_steps(save=True)
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(rounds):
            for save, times in seconds.items():
                times.append(case.take_steps(save=save))
        newest = max((Path(folder) / "model" / "training_state").iterdir())
        size = sum(path.stat().st_size for path in newest.iterdir())
    cost = statistics.median(seconds[True]) - statistics.median(seconds[False])
    share = cost / (case.every + cost)
    result = compare(RIVAL, 1 - share, 1.0, "speed")
    return {"case": name, **result, "seconds": cost, "megabytes": size / 1e6, "share": share}


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--quick", is_flag=True, help="Few rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(only: str | None, quick: bool, as_json: bool) -> None:
    """Run the cases."""
    from textgen.trainer.backend import load_tensorflow

    load_tensorflow(quiet=True)
    for name in [only] if only else CASES:
        result = measure(name, 3 if quick else 9)
        if as_json:
            click.echo(json.dumps(result))
        else:
            click.echo(
                f"{name:<22} {result['megabytes']:>6.1f} MB  {result['seconds']:>6.3f} s each  "
                f"{result['share']:.2%} of the time"
            )


if __name__ == "__main__":
    main()
