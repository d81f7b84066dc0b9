"""Nothing longer than wanted is copied from the training text, which an index of it finds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded_models import copy_index
from textgen import TextGenerator
from textgen.artifact.model_folder import COPIES, Model, read_model, write_model
from textgen.artifact.suffix_array import CopyIndex
from textgen.errors import DataError, UnsafeModel, UsageError

pytestmark = pytest.mark.needs("train")

TEXTS = st.text("ab é三", max_size=30)


def longest_copy(text: str, documents: list[str]) -> int:
    """Return the length of the longest stretch of a text that a document holds, by trying all."""
    return max(
        (
            end - begin
            for begin in range(len(text))
            for end in range(begin + 1, len(text) + 1)
            if any(text[begin:end] in document for document in documents)
        ),
        default=0,
    )


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_index_finds_what_the_documents_hold_and_nothing_across_them(
    documents: list[str], text: str
) -> None:
    index = CopyIndex.of(documents)
    assert len(index.longest(text)) == longest_copy(text, documents)
    assert index.longest(text) in text
    ends = [k for k in range(len(text) + 1) if any(text[len(text) - k :] in d for d in documents)]
    assert index.longest_end(text) == max(ends, default=0)


@given(st.lists(TEXTS, max_size=4))
def test_index_of_the_tests_is_that_of_the_library(documents: list[str]) -> None:
    assert copy_index(documents).to_bytes() == CopyIndex.of(documents).to_bytes()


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_index_comes_back_from_its_bytes(documents: list[str], text: str) -> None:
    index = CopyIndex.of(documents)
    again = CopyIndex.from_bytes(index.to_bytes, "x")
    assert again.longest(text) == index.longest(text)


@pytest.fixture(scope="module")
def copied(model: Model) -> list[str]:
    """What the model writes: a training text that it copies to the letter."""
    generator = TextGenerator(model)
    return [
        generator.generate("", seed=seed, max_new_tokens=200, temperature=0.3).text
        for seed in range(3)
    ]


@pytest.fixture(scope="module")
def copying(model: Model, copied: list[str]) -> TextGenerator:
    """A generator that would copy its training text."""
    indexed = Model(**{**vars(model), "copies": CopyIndex.of(copied)})
    return TextGenerator(indexed)


@settings(max_examples=60)
@given(st.integers(0, 2), st.integers(3, 60), st.sampled_from([0.3, 1.0]))
def test_no_more_is_copied_than_wanted(
    copying: TextGenerator, copied: list[str], seed: int, most: int, temperature: float
) -> None:
    chosen: dict[str, Any] = {"seed": seed, "temperature": temperature, "max_new_tokens": 120}
    result = copying.generate("", **chosen, max_copy=most)
    assert longest_copy(result.text, copied) <= most
    assert result.longest_copy is not None
    assert len(result.longest_copy) == longest_copy(result.text, copied)
    free = copying.generate("", **chosen)
    assert free.longest_copy is None
    if longest_copy(free.text, copied) <= most:
        assert free.text == result.text


def test_what_the_prompt_copies_counts(copying: TextGenerator, copied: list[str]) -> None:
    chosen: dict[str, Any] = {"seed": 0, "temperature": 0.3, "max_new_tokens": 30}
    text = copying.generate(copied[0][:50], **chosen, max_copy=20).text
    assert text[:1] != copied[0][50]


def test_another_way_begins_with_the_word(copying: TextGenerator, copied: list[str]) -> None:
    result = copying.generate("", seed=0, temperature=0.3, max_new_tokens=150, max_copy=40)
    parted = next(k for k, (a, b) in enumerate(zip(result.text, copied[0], strict=False)) if a != b)
    word = result.text[:parted].rpartition(" ")[2]
    assert not word or len(word) > 24


def test_pieces_of_a_stream_are_never_taken_back(copying: TextGenerator) -> None:
    stream = copying.stream("", seed=1, temperature=0.3, max_new_tokens=150, max_copy=30)
    assert "".join(stream) == stream.result().text


def test_model_without_an_index_says_how_to_get_one(generator: TextGenerator) -> None:
    with pytest.raises(UsageError, match="train it with copy_index"):
        generator.generate("", max_copy=10)


def test_index_travels_with_the_model_and_is_read_when_it_is_needed(
    copying: TextGenerator, tmp_path: Path
) -> None:
    copying.save_pretrained(tmp_path / "m")
    read = read_model(tmp_path / "m")
    assert read.copies is not None
    assert "suffixes" not in vars(read.copies)
    chosen: dict[str, Any] = {"seed": 1, "temperature": 0.3, "max_copy": 20}
    assert TextGenerator(read).generate("", **chosen) == copying.generate("", **chosen)


def test_damaged_index_is_refused_when_it_is_needed(model: Model, tmp_path: Path) -> None:
    indexed = Model(**{**vars(model), "copies": CopyIndex.of(["some text"])})
    write_model(indexed, tmp_path / "m")
    data = (tmp_path / "m" / COPIES).read_bytes()
    (tmp_path / "m" / COPIES).write_bytes(data[:-1] + b"x")
    generator = TextGenerator.from_pretrained(tmp_path / "m")
    assert generator.generate("", seed=1).text
    with pytest.raises(DataError, match=r"copies.safetensors: changed or damaged"):
        generator.generate("", seed=1, max_copy=5)


def test_index_that_is_a_link_is_refused(model: Model, tmp_path: Path) -> None:
    indexed = Model(**{**vars(model), "copies": CopyIndex.of(["some text"])})
    write_model(indexed, tmp_path / "m")
    (tmp_path / "m" / COPIES).rename(tmp_path / "elsewhere")
    (tmp_path / "m" / COPIES).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeModel):
        read_model(tmp_path / "m")


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"text": np.zeros(3, np.uint8)},
        {"text": np.zeros(3, np.uint8), "order": np.zeros(2, np.int32)},
        {"text": np.zeros(3, np.uint8), "order": np.full(3, 3, np.int32)},
        {"text": np.zeros(3, np.uint8), "order": np.full(3, -1, np.int32)},
        {"text": np.zeros(3, np.int8), "order": np.zeros(3, np.int32)},
        {"text": np.zeros(3, np.uint8), "order": np.zeros(3, np.float32)},
        {"text": np.zeros((1, 3), np.uint8), "order": np.zeros((1, 3), np.int32)},
        {"text": np.zeros(1, np.uint8), "order": np.zeros(1, np.int32), "x": np.zeros(1)},
    ],
)
def test_what_is_no_index_is_refused(tensors: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="not an index of a text"):
        CopyIndex.from_bytes(lambda: safetensors.numpy.save(tensors), "x").holds("a")
