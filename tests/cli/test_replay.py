"""What `textgen generate --receipt` records, `textgen replay` writes again in another process."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.seen import one_line
from tests.conftest import Run
from textgen.generator import TextGenerator


@pytest.fixture(scope="module")
def receipt(run: Run, seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two texts."""
    path = tmp_path_factory.mktemp("receipt") / "receipt"
    done = record(run, seeded, path)
    path.with_suffix(".txt").write_bytes(done)
    return path


def record(run: Run, model: Path, path: Path, *more: Any) -> bytes:
    settings = ("--num-samples", 2, "-s", 7, "-n", 80, "--stop", "zz", "--dry-multiplier", 1)
    done = run("generate", "The café\n", "-m", model, *settings, "--receipt", path, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("precision", "way"), [("int8", "--stream"), ("fp32", "--no-stream"), ("int8", "--json")]
)
def test_replay_gives_the_same_bytes_in_either_precision(
    run: Run, seeded: Path, tmp_path: Path, precision: str, way: str
) -> None:
    written = record(run, seeded, tmp_path / "r", "--precision", precision, way)
    told = json.loads((tmp_path / "r").read_text())
    assert told["circumstances"]["precision"] == precision
    again = run("replay", tmp_path / "r")
    assert (again.returncode, again.stderr) == (0, b"")
    if way == "--json":
        texts = [json.loads(line)["text"] for line in written.splitlines()]
        written = "---\n".join(f"{text}\n" for text in texts).encode()
    assert again.stdout == written


def test_replay_takes_the_same_model_from_another_place(
    run: Run, seeded: Path, receipt: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(seeded, moved)
    done = run("replay", receipt, "-m", moved)
    assert done.returncode == 0, done.stderr
    assert done.stdout == receipt.with_suffix(".txt").read_bytes()
    elsewhere = tmp_path / "receipt"
    elsewhere.write_text(receipt.read_text().replace(str(seeded), str(tmp_path / "gone")))
    done = run("replay", elsewhere)
    assert done.returncode == 66
    assert done.stderr.decode().startswith(
        f"textgen: {tmp_path / 'gone'}: the model of {elsewhere}"
    )
    assert run("replay", elsewhere, env={"TEXTGEN_MODEL": str(moved)}).returncode == 0


def test_a_changed_model_is_refused_with_both_hashes(
    run: Run, seeded: Path, receipt: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    TextGenerator.from_pretrained(seeded).save_pretrained(changed, storage="fp16")
    done = run("replay", receipt, "-m", changed)
    assert (done.returncode, done.stdout) == (65, b"")
    error = one_line(done.stderr)
    assert error.startswith(f"textgen: {changed}: not the model of the receipt")
    for folder in (seeded, changed):
        weights = (folder / "model.safetensors").read_bytes()
        assert hashlib.sha256(weights).hexdigest()[:12] in error


def test_a_damaged_receipt_and_a_text_that_differs_are_one_line(
    run: Run, receipt: Path, tmp_path: Path
) -> None:
    path = tmp_path / "receipt"
    path.write_bytes(receipt.read_bytes()[:-20])
    done = run("replay", path)
    assert (done.returncode, done.stdout) == (65, b"")
    assert one_line(done.stderr).startswith(f"textgen: {path}: not JSON")
    told = json.loads(receipt.read_text())
    told["results"][1]["sha256"] = "0" * 64
    path.write_text(json.dumps(told))
    done = run("replay", path)
    assert done.returncode == 65
    assert done.stdout == receipt.with_suffix(".txt").read_bytes()
    assert "the text differs (seed 8)" in one_line(done.stderr)
