"""A checkpoint gives back what was put in, bit for bit, or says that it is damaged."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training import make_best, make_checkpoint
from textgen.artifact.model_folder import MANIFEST
from textgen.errors import DataError
from textgen.tokenization.tokenizer import TOKENIZER, Tokenizer
from textgen.trainer.checkpoint import ARRAYS, FACTS, HISTORY, Checkpoint
from textgen.trainer.history import History
from textgen.trainer.run_state import RunState
from textgen.trainer.schedule import Schedule

FILES = (ARRAYS, FACTS, HISTORY, MANIFEST, TOKENIZER)
COUNT = st.integers(0, 10**6)
NUMBER = st.floats(allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@pytest.fixture(scope="module")
def written(char_tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    make_checkpoint(char_tokenizer).write(folder)
    return folder


def same_bits(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def there_and_back(checkpoint: Checkpoint) -> Checkpoint:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.write(Path(folder))
        return Checkpoint.read(Path(folder))


def test_every_part_comes_back(char_tokenizer: Tokenizer, written: Path) -> None:
    made, read = make_checkpoint(char_tokenizer), Checkpoint.read(written)
    for name in ("config", "training", "corpus", "data", "init_from", "versions"):
        assert getattr(read, name) == getattr(made, name)
    assert read.tokenizer.to_json() == char_tokenizer.to_json()
    assert [a.shape for a in read.variables] == [(3, 4), (), (2,)]
    assert all(map(same_bits, read.variables, made.variables))
    assert read.progress.to_dict() == made.progress.to_dict()
    assert read.progress.schedule == made.progress.schedule
    for one, other in zip(read.progress.carried or [], made.progress.carried or [], strict=True):
        assert all(map(same_bits, one, other))


bits = st.binary(min_size=24, max_size=24).map(lambda raw: np.frombuffer(raw, "f4").reshape(2, 3))
events = st.dictionaries(TEXT, NUMBER | TEXT | COUNT, max_size=3)
progresses = st.builds(
    RunState,
    schedule=st.builds(
        Schedule, COUNT, st.lists(COUNT, max_size=4).map(tuple), validation_tokens=COUNT
    ),
    history=st.builds(
        History, COUNT, st.lists(events, max_size=4), st.dictionaries(TEXT, NUMBER, max_size=3)
    ),
    steps=COUNT,
    epoch=COUNT,
    window=COUNT,
    carried=st.none() | st.lists(st.tuples(bits, bits), min_size=1, max_size=12),
    best=st.none() | st.builds(make_best, COUNT, st.floats(0, 700), seed=COUNT),
    measured=COUNT,
    stale=COUNT,
    course=st.lists(st.tuples(COUNT, NUMBER), max_size=4),
    seconds=NUMBER,
    seconds_training=NUMBER,
    seconds_saving=NUMBER,
    resumed=st.lists(COUNT, max_size=4),
)


@settings(max_examples=40)
@given(progress=progresses)
def test_any_progress_comes_back(char_tokenizer: Tokenizer, progress: RunState) -> None:
    read = there_and_back(make_checkpoint(char_tokenizer, progress=progress)).progress
    assert vars(read).keys() == vars(progress).keys()
    for name, value in vars(progress).items():
        if name not in ("carried", "best"):
            assert getattr(read, name) == value
    assert (read.carried is None) == (progress.carried is None)
    for one, other in zip(read.carried or [], progress.carried or [], strict=True):
        assert all(map(same_bits, one, other))
    assert (read.best is None) == (progress.best is None)
    if read.best and progress.best:
        assert asdict(read.best) | {"weights": 0} == asdict(progress.best) | {"weights": 0}
        assert same_bits(read.best.weights["logits.bias"], progress.best.weights["logits.bias"])


def damaged(written: Path, folder: Path, name: str, data: bytes) -> Path:
    """Return a copy of a checkpoint with another content of one file."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(written, copy)
    (copy / name).write_bytes(data)
    return copy


def test_there_are_no_other_files(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40)
@given(data=st.data())
def test_every_changed_bit_is_found(written: Path, name: str, data: st.DataObject) -> None:
    content = bytearray((written / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with tempfile.TemporaryDirectory() as folder:
        copy = damaged(written, Path(folder), name, bytes(content))
        with pytest.raises(DataError, match="copy"):
            Checkpoint.read(copy)


@pytest.mark.parametrize("name", FILES)
def test_file_that_is_missing_empty_cut_or_longer_is_found(
    written: Path, tmp_path: Path, name: str
) -> None:
    content = (written / name).read_bytes()
    for data in (b"", content[:-2], content[: len(content) // 2], content + b"0"):
        with pytest.raises(DataError):
            Checkpoint.read(damaged(written, tmp_path, name, data))
    copy = damaged(written, tmp_path, name, b"")
    (copy / name).unlink()
    with pytest.raises(DataError, match=f"{name}: missing"):
        Checkpoint.read(copy)


def test_checkpoint_of_another_form_is_not_read(written: Path, tmp_path: Path) -> None:
    told = json.loads((written / MANIFEST).read_bytes()) | {"format": 2}
    with pytest.raises(DataError, match="format 2 is not read"):
        Checkpoint.read(damaged(written, tmp_path, MANIFEST, json.dumps(told).encode()))


def test_facts_that_lack_a_part_are_found(char_tokenizer: Tokenizer, tmp_path: Path) -> None:
    class Lacking(Checkpoint):
        def _facts(self) -> dict[str, Any]:
            facts = super()._facts()
            del facts[part]
            return facts

    made = make_checkpoint(char_tokenizer)
    for part in made._facts():
        (tmp_path / part).mkdir()
        Lacking(**vars(made)).write(tmp_path / part)
        with pytest.raises(DataError, match=f"damaged .*'{part}'"):
            Checkpoint.read(tmp_path / part)


def test_nothing_in_it_is_executed(written: Path) -> None:
    heard: list[str] = []
    is_on = True

    def hear(event: str, arguments: Any) -> None:
        if is_on:
            heard.append(event.partition(".")[0])

    sys.addaudithook(hear)
    Checkpoint.read(written)
    is_on = False
    assert "open" in heard
    assert not {"exec", "compile", "import", "pickle", "marshal", "ctypes", "subprocess"} & {*heard}
    assert {path.suffix for path in written.iterdir()} == {".safetensors", ".json", ".jsonl"}
