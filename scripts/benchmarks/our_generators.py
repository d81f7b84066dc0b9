"""Models with random weights, and the ways in which `bench_generate.py` writes with them."""

import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textgen import TextGenerator
from textgen.artifact.model_folder import Model
from textgen.artifact.provenance import PrecisionRecord, Provenance
from textgen.config.generation import GenerationConfig
from textgen.config.model import ModelConfig
from textgen.config.tokens import EOS_ID
from textgen.runtime.engine.engine import Engine
from textgen.tokenization.tokenizer import Tokenizer

PROMPT = "Call me"
CHUNK = 500  # tokens of one generation
STEPS = 50  # of the network alone, at a time
LOGITS_GAIN = 48.0  # makes the model about as sure as one of English characters: 1.5 nats a token
NEVER = -1e4  # bias of what is not to be written
# The record that lets it run as most trained models do; what was measured does not matter here.
PROVENANCE = Provenance.of(precision=PrecisionRecord(default="int8", int8=1.0, fp32=1.0, tokens=1))

# The size of the vocabularies that there is a tokenizer for: 256 bytes and <eos>, or words.
BYTES, WORDS = 257, 32_768

# What differs between the requests of a batch; their temperatures go round on their own.
TEMPERATURES = (0.5, 0.8, 1.0, 1.2)
MIXTURE: tuple[dict[str, Any], ...] = (
    {},
    {"top_k": 40},
    {"min_p": 0.05},
    {"top_p": 0.95},
    {"repetition_penalty": 1.1, "presence_penalty": 0.2},
    {"top_k": 40, "top_p": 0.95, "min_p": 0.02},
    {"top_p": 0.9, "frequency_penalty": 0.1},
)
PROMPT_LENGTHS, TEXT_LENGTHS = (0, 40), (32, 288)  # smallest and largest, in tokens


def make_model(config: ModelConfig) -> Model:
    """Return a model that writes varied ASCII text, without an end."""
    tokenizer = make_tokenizer(config.vocab_size)
    draw = np.random.default_rng(0).standard_normal
    weights = {
        name: (draw(shape) * shape[0] ** -0.5).astype(np.float32)
        for name, shape in config.tensors().items()
    }
    weights["embedding.embeddings"] = draw(weights["embedding.embeddings"].shape, np.float32)
    weights["logits.kernel"] *= LOGITS_GAIN
    for token in range(config.vocab_size):
        if token == EOS_ID or not tokenizer.token_bytes(token).isascii():
            weights["logits.bias"][token] = NEVER
    return Model(config, weights, tokenizer, GenerationConfig(), PROVENANCE)


def make_tokenizer(vocab_size: int) -> Tokenizer:
    """Return a tokenizer of bytes, or of as many words as are wanted."""
    kind = "byte" if vocab_size == BYTES else "word"
    letters = itertools.product("abcdefghijklmnop", repeat=4)  # 65,536 words
    words = " ".join(map("".join, itertools.islice(letters, vocab_size)))
    texts = [words, words]  # a word is learned from its second time on
    return Tokenizer.train(kind, texts, normal_form="nfc", vocab_size=vocab_size)


def make_generator(config: ModelConfig, threads: int, precision: str) -> TextGenerator:
    """Return a generator of a new model."""
    return TextGenerator(make_model(config), precision=precision, threads=threads)


def one_stream(config: ModelConfig, threads: int, precision: str, **settings: Any) -> Iterator[int]:
    """Write texts one after the other, piece by piece."""
    generator = make_generator(config, threads, precision)
    while True:
        stream = generator.stream(PROMPT, max_new_tokens=CHUNK, seed=1, **settings)
        for _ in stream:
            pass
        yield stream.result().usage.completion_tokens


def network_step(config: ModelConfig, threads: int, precision: str) -> Iterator[int]:
    """Run the network token by token, and choose nothing."""
    decoder = make_generator(config, threads, precision).decoder
    while True:
        take_steps(decoder, STEPS)
        yield STEPS


def take_steps(decoder: Engine, count: int) -> None:
    """Feed one stream so many tokens, one a call."""
    token, state = np.array([1]), decoder.initial_state()
    for _ in range(count):
        _, state = decoder.score(token, state)


def many_streams(config: ModelConfig, threads: int, precision: str) -> Iterator[int]:
    """Write the texts of many different requests, which come and go as they end.

    The tokens of their prompts count, too: each is a step of the network, as in the rivals' loop.
    """
    generator = make_generator(config, threads, precision)
    tokens = TokenCount()
    for _ in generator.generate_each(requests(), progress=tokens, seed=1):
        yield tokens.take()


class TokenCount:
    """Counts the tokens that were read and written."""

    def __init__(self) -> None:
        self._count = 0

    def advance(self, stage: str, done: int, total: int | None = None) -> None:
        """Count the tokens of a stage."""
        self._count += done

    def take(self) -> int:
        """Return the count since the last call."""
        count, self._count = self._count, 0
        return count


def requests() -> Iterator[dict[str, Any]]:
    """Yield requests without end that all differ in prompt, length and settings."""
    chance = random.Random(0)
    for number in itertools.count():
        yield {
            "prompt": random_text(chance.randint(*PROMPT_LENGTHS), seed=number),
            "max_new_tokens": chance.randint(*TEXT_LENGTHS),
            "temperature": TEMPERATURES[number % len(TEMPERATURES)],
            **MIXTURE[number % len(MIXTURE)],
        }


def random_text(length: int, *, seed: int = 0) -> str:
    """Return text of so many characters, each of them a token of the byte tokenizer."""
    characters = "abcdefghijklmnopqrstuvwxyz \n"
    return "".join(random.Random(seed).choices(characters, k=length))


def endless(config: ModelConfig, threads: int, tokens: int) -> list[tuple[float, float]]:
    """Write one long text of ASCII; return seconds and resident MB after each tenth of it."""
    stream = make_generator(config, threads, "int8").stream(max_new_tokens=tokens, seed=1)
    tenths: list[tuple[float, float]] = []
    written, start = 0, time.perf_counter()
    for piece in stream:
        written += len(piece)
        if written >= tokens * (len(tenths) + 1) // 10:
            tenths.append((time.perf_counter() - start, resident_megabytes()))
    return tenths


def resident_megabytes() -> float:
    """Return the memory that this process holds, on Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def read_prompts(
    config: ModelConfig, threads: int, lengths: Sequence[int]
) -> tuple[list[float], float, float]:
    """Read prompts of these lengths; between them, step through tokens and write some.

    Returns:
        seconds up to the first token after each prompt, tokens per second of single steps, and
        tokens per second of writing.
    """
    generator = make_generator(config, threads, "int8")
    reading, stepping, writing = [], [], []
    count = 10 * CHUNK
    for length in lengths:
        prompt = random_text(length)
        reading.append(
            seconds_of(lambda p: generator.generate(p, max_new_tokens=1, seed=1), prompt)
        )
        stepping.append(seconds_of(lambda n: take_steps(generator.decoder, n), count))
        writing.append(seconds_of(lambda n: generator.generate(max_new_tokens=n, seed=1), count))
    return reading, count / statistics.median(stepping), count / statistics.median(writing)


def seconds_of(function: Callable[[Any], object], argument: Any) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start
