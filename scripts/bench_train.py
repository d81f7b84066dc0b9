#!/usr/bin/env python
"""Times training steps of our LSTM layer against Keras's own, alternating in one process.

    .venv/bin/python scripts/bench_train.py [--only CASE] [--quick] [--json]

Both train the same network on the same random tokens with the same optimizer; only the layer
differs. A ratio above 1 means that ours is faster.
"""

import json
import statistics
import time
from typing import Any

import click

# name: vocabulary, embedding, units, streams, window
CASES: dict[str, tuple[int, int, tuple[int, ...], int, int]] = {
    "char 1x512, 32 x 64": (258, 64, (512,), 32, 64),
    "char 2x512, 64 x 128": (256, 64, (512, 512), 64, 128),
    "bpe 1x1024, 32 x 64": (4096, 128, (1024,), 32, 64),
}
RIVAL = "keras.layers.LSTM"


def make_step(case: str, *, fused: bool) -> Any:
    """Return a function that takes one training step and waits for it."""
    import keras
    import numpy as np

    from textgen.config.model import ModelConfig
    from textgen.config.training import TrainingConfig
    from textgen.model.network import LanguageModel
    from textgen.trainer.step import Step

    vocab_size, embedding_size, units, batch, window = CASES[case]
    config = ModelConfig(vocab_size=vocab_size, embedding_size=embedding_size, units=units)
    model = LanguageModel(config)
    if not fused:
        for layer in model.lstms:
            keras_loop = keras.layers.LSTM.inner_loop.__get__(layer)
            layer.inner_loop = keras_loop  # type: ignore[method-assign]  # the rival's loop
    step = Step(model, TrainingConfig())
    tokens = np.random.default_rng(0).integers(0, vocab_size, (batch, window + 1), np.int32)
    fresh, state = np.zeros(batch, bool), model.initial_state(batch)
    return lambda: step.train(tokens, fresh, state, 1e-3)


def measure(case: str, rounds: int) -> dict[str, Any]:
    """Return tokens per second of both: medians over alternating steps."""
    steps = {"ours": make_step(case, fused=True), "theirs": make_step(case, fused=False)}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    tokens = CASES[case][3] * CASES[case][4]
    speed = {name: tokens / statistics.median(times) for name, times in seconds.items()}
    ratio = speed["ours"] / speed["theirs"]
    return {"case": case, "rival": RIVAL, **speed, "ratio": ratio, "unit": "tokens/s"}


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(CASES)), help="Run one case alone.")
@click.option("--quick", is_flag=True, help="Few rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def main(only: str | None, quick: bool, as_json: bool) -> None:
    """Run the cases."""
    from textgen.trainer.backend import load_tensorflow

    load_tensorflow(quiet=True)
    for case in [only] if only else CASES:
        result = measure(case, 3 if quick else 15)
        if as_json:
            click.echo(json.dumps(result))
        else:
            click.echo(
                f"{case:<22} ours {result['ours']:>8,.0f}  {RIVAL} {result['theirs']:>8,.0f} "
                f"{result['unit']}  ratio {result['ratio']:.2f}"
            )


if __name__ == "__main__":
    main()
