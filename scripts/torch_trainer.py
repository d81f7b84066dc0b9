#!/usr/bin/env python
"""Trains a plain PyTorch LSTM on a token store: the rival of `bench_quality.py`.

    python scripts/torch_trainer.py STORE --recipe NAME --budget SECONDS [--threads N]

Prints one JSON object. Steps are computed in fp32 or, where that is faster, under autocast to
bf16. The terms are those of our own trainer: windows of `Batches`, the number of steps fixed
beforehand by timed ones, which count towards the budget, the weights of the best validation kept,
and an untrained network that predicts each token with its share of the text: with a bias of zeros,
the rival learns first, and slowly, which of the 256 bytes never occur (tiny-shakespeare: 1.92 nats
instead of 1.62 after 200 steps).
Validation comes after each epoch and at the end, in fp32; it costs the rival no training time.
"""

import importlib
import json
import math
import statistics
import time
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from textgen.config.tokens import EOS_ID
from textgen.evaluation.quality import Quality
from textgen.tokenization.token_store import TokenStore
from textgen.trainer.batches import Batches
from textgen.trainer.schedule import learning_rate

torch: Any = importlib.import_module("torch")  # it is in no lock, so no types are known

PRECISIONS = ("fp32", "bf16")
SEED = 1337
UNTIMED_STEPS, TIMED_STEPS, TIMED_SHARE = 2, 5, 0.02  # as `trainer/budget.py` has them
# A split is measured in stretches side by side, each after tokens that are read, but not counted,
# so that it begins with a state like that of the single pass of `textgen evaluate`.
STRETCHES = 64
LEAD_IN = 256
MEASURED_WINDOW = 32
NOT_COUNTED = -100  # a target that PyTorch's cross entropy leaves out

OPTIMIZERS: dict[str, Any] = {
    "adamw": partial(torch.optim.AdamW, betas=(0.9, 0.99), fused=True),
    "sgd": torch.optim.SGD,
}


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    Attributes:
        locked: one dropout mask for a whole window (Gal and Ghahramani 2016), else one a token.
        fall: what the learning rate is multiplied with after an epoch without a new best.
    """

    embedding: int
    units: int
    layers: int = 1
    tied: bool = False
    dropout: float = 0.0
    locked: bool = True
    batch: int = 32
    window: int = 64
    optimizer: str = "adamw"
    rate: float = 4e-3
    schedule: str = "cosine"
    warmup: float = 0.02
    clip: float = 1.0
    fall: float = 1.0


RECIPES = {
    "1x512": Recipe(64, 512, dropout=0.2),
    "1x768": Recipe(64, 768, dropout=0.4, window=96),
    "1x1024": Recipe(256, 1024, dropout=0.1, rate=3e-3),
    "2x650 tied": Recipe(
        650, 650, 2, tied=True, dropout=0.5, locked=False, batch=20, window=35, rate=2e-3
    ),
    # The defaults of github.com/pytorch/examples, word_language_model, with --tied, but the bias.
    "word_language_model": Recipe(
        200,
        200,
        2,
        tied=True,
        dropout=0.2,
        locked=False,
        batch=20,
        window=35,
        optimizer="sgd",
        rate=20.0,
        schedule="constant",
        warmup=0.0,
        clip=0.25,
        fall=0.25,
    ),
}


class Learner:
    """The network of a recipe and its optimizer, drawn from a fixed seed.

    `precision` is that of the passes; weights and optimizer are fp32.
    """

    def __init__(self, recipe: Recipe, counts: NDArray[np.int64], precision: str) -> None:
        torch.manual_seed(SEED)
        self.recipe = recipe
        self.network = build_network(recipe, counts)
        self._optimizer = OPTIMIZERS[recipe.optimizer](self.network.parameters(), lr=recipe.rate)
        self._bf16 = precision == "bf16"

    def step(self, window: NDArray[np.int32], state: Any, rate: float) -> Any:
        """Take a step on a window of shape (batch, window + 1); return the state after it."""
        tokens = torch.from_numpy(window.T.astype(np.int64))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            logits, state = predict(self.network, tokens[:-1], state)
        self._optimizer.zero_grad()
        sum_nats(logits, tokens[1:]).div(tokens[1:].numel()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self._optimizer.step()
        return tuple(part.detach() for part in state)

    def measure(self, store: TokenStore, split: str) -> Quality:
        """Return the quality on a split, each token predicted once."""
        self.network.eval()
        nats: float = sum_split(self.network, store.tokens(split))
        self.network.train()
        counts = store.counts(split)
        return Quality.of(nats / counts.tokens, counts)


def build_network(recipe: Recipe, counts: NDArray[np.int64]) -> Any:
    """Return the modules of a network, as PyTorch draws them, but for the last bias.

    Args:
        recipe: the network.
        counts: how often each token occurs in training, of shape (vocabulary,).
    """
    nn, vocab_size = torch.nn, len(counts)
    between = recipe.dropout if recipe.layers > 1 else 0.0
    network = nn.ModuleDict(
        {
            "embedding": nn.Embedding(vocab_size, recipe.embedding),
            "dropout": (nn.Dropout1d if recipe.locked else nn.Dropout)(recipe.dropout),
            "lstm": nn.LSTM(recipe.embedding, recipe.units, recipe.layers, dropout=between),
            "linear": nn.Linear(recipe.units, vocab_size),
        }
    )
    if recipe.tied:
        network["linear"].weight = network["embedding"].weight
        nn.init.uniform_(network["embedding"].weight, -0.1, 0.1)  # as word_language_model does
    shares = (counts + 1) / (counts + 1).sum()
    network["linear"].bias.data = torch.from_numpy(np.log(shares).astype(np.float32))
    return network


def predict(network: Any, tokens: Any, state: Any) -> tuple[Any, Any]:
    """Return the logits after tokens of shape (window, batch), and the state."""
    drop = network["dropout"]  # takes (batch, features, window)
    vectors = drop(network["embedding"](tokens).permute(1, 2, 0)).permute(2, 0, 1)
    outputs, state = network["lstm"](vectors, state)
    return network["linear"](drop(outputs.permute(1, 2, 0)).permute(2, 0, 1)), state


def sum_nats(logits: Any, targets: Any) -> Any:
    """Return the sum of the targets' nats; logits have one more axis."""
    loss = torch.nn.CrossEntropyLoss(reduction="sum", ignore_index=NOT_COUNTED)
    return loss(logits.float().flatten(0, 1), targets.flatten())


@torch.inference_mode()  # type: ignore[untyped-decorator]  # PyTorch's types are not known
def sum_split(network: Any, tokens: NDArray[Any]) -> float:
    """Return the sum of the nats of a split's tokens, of shape (tokens,)."""
    length = -(-len(tokens) // STRETCHES)
    text = np.full(LEAD_IN + 1 + STRETCHES * length, NOT_COUNTED)
    text[: LEAD_IN + 1] = EOS_ID
    text[LEAD_IN + 1 :][: len(tokens)] = tokens
    places = length * np.arange(STRETCHES) + np.arange(LEAD_IN + length + 1)[:, None]
    inputs, targets = torch.from_numpy(text[places[:-1]]), torch.from_numpy(text[places[1:]])
    inputs.clamp_(min=EOS_ID)
    _, state = network["lstm"](network["embedding"](inputs[:LEAD_IN]))
    for part in state:
        part[:, 0] = 0  # nothing comes before the first stretch
    total = 0.0
    windows = (tokens[LEAD_IN:].split(MEASURED_WINDOW) for tokens in (inputs, targets))
    for window, following in zip(*windows, strict=True):
        logits, state = predict(network, window, state)
        total += float(sum_nats(logits, following))
    return total


def time_steps(learner: Learner, window: NDArray[np.int32], least: float) -> tuple[float, float]:
    """Return the seconds that some steps took, at least so many, and the median of one."""
    state, seconds = None, list[float]()
    while len(seconds) < UNTIMED_STEPS + TIMED_STEPS or sum(seconds[UNTIMED_STEPS:]) < least:
        start = time.perf_counter()
        state = learner.step(window, state, 0.0)
        seconds.append(time.perf_counter() - start)
    timed = seconds[UNTIMED_STEPS:]
    return sum(timed), statistics.median(timed)


def train(learner: Learner, batches: Batches, store: TokenStore, steps: int) -> float:
    """Take the steps, leave the weights of the best validation; return the seconds of steps."""
    recipe, peak = learner.recipe, learner.recipe.rate
    rate = partial(learning_rate, steps=steps, warmup=recipe.warmup, schedule=recipe.schedule)
    done, seconds, best, kept = 0, 0.0, math.inf, learner.network.state_dict()
    for epoch in count():
        start, state = time.perf_counter(), None
        for window, _ in islice(batches.epoch(epoch), steps - done):
            state = learner.step(window, state, rate(done, peak=peak))
            done += 1
        seconds += time.perf_counter() - start
        nats = learner.measure(store, "validation").nats_per_token
        click.echo(f"torch: {done:,} of {steps:,} steps, {seconds:.0f} s, {nats:.4f}", err=True)
        if nats < best:
            best, kept = nats, deepcopy(learner.network.state_dict())
        else:
            peak *= recipe.fall
        if done == steps:
            break
    learner.network.load_state_dict(kept)
    return seconds


def run(store: TokenStore, recipe: Recipe, budget: float) -> dict[str, Any]:
    """Train for some seconds in the faster precision; return all figures."""
    batches = Batches(
        store.tokens("train"), batch_size=recipe.batch, window=recipe.window, reset=0.0, seed=SEED
    )
    window, _ = next(batches.epoch(0))
    make = partial(Learner, recipe, batches.counts(store.tokenizer.vocab_size))
    times = {name: time_steps(make(name), window, TIMED_SHARE * budget) for name in PRECISIONS}
    precision, (spent, each) = min(times.items(), key=lambda item: item[1][1])
    learner = make(precision)
    steps = max(1, int((budget - spent) / each))
    splits = [split for split in ("validation", "test") if store.counts(split).tokens]
    seconds = train(learner, batches, store, steps)
    return {
        "precision": precision,
        "parameters": sum(parameter.numel() for parameter in learner.network.parameters()),
        "steps": steps,
        "seconds": seconds,
        "tokens_per_second": steps * batches.tokens_per_step / seconds,
        "quality": {split: learner.measure(store, split).to_dict() for split in splits},
    }


@click.command(help=__doc__)
@click.argument("store", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--recipe", type=click.Choice(list(RECIPES)), required=True, help="What to train.")
@click.option("--budget", type=float, required=True, help="Seconds of training alone.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
def main(store: Path, recipe: str, budget: float, threads: int) -> None:
    """Train and report."""
    torch.set_num_threads(threads)
    click.echo(json.dumps(run(TokenStore(store), RECIPES[recipe], budget)))


if __name__ == "__main__":
    main()
