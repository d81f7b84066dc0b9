"""What cannot be trained on is refused with what helps, before TensorFlow is loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run, environment
from textgen.errors import DataError
from textgen.trainer.job import TrainingJob

LINE = "The ferry was late.\n"
ROW = json.dumps({"text": LINE * 9, "year": 1801}) + "\n"
HELD = json.dumps({"text": LINE, "year": 1777}) + "\n"
WITHOUT = "import sys; from textgen.cli.main import main; sys.argv[0] = 'textgen'; "
WITHOUT += "import atexit; atexit.register(lambda: print('tensorflow' in sys.modules)); main()"

# Corpora of which nothing is held out: files, settings, what is said, and settings that help.
NOTHING: dict[str, tuple[dict[str, str], dict[str, Any], str, list[dict[str, Any]]]] = {
    "equal lines": (
        {"it.txt": LINE * 3000},
        {"documents": "line"},
        "all 3,000 documents are equal",
        [{"documents": "file"}, {"validation": "other.txt"}],
    ),
    "equal paragraphs": (
        {"it.txt": (LINE + "\n") * 300},
        {"documents": "paragraph"},
        "all 300 documents are equal",
        [{"documents": "file"}],
    ),
    "equal rows": (
        {"it.jsonl": ROW * 30},
        {},
        "all 30 documents are equal",
        [{"documents": "file"}, {"duplicates": "exact"}, {"validation": "other.txt"}],
    ),
    "equal files": (
        {f"it/{n}.txt": LINE * 300 for n in "abc"},
        {},
        "all 3 documents are equal",
        [{"duplicates": "exact"}],
    ),
    "rule leaves nothing of a file": (
        {"it.jsonl": ROW * 30 + ROW.replace("ferry", "train"), "held.jsonl": HELD},
        {"validation": "held.jsonl", "where": (("year", "1801"),)},
        "no text of held.jsonl is left to measure quality (left out were rows that are not",
        [{"validation": 0.2}],
    ),
}


@pytest.fixture(params=NOTHING)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a corpus, which lies in the present folder."""
    (tmp_path / "it").mkdir()
    for name, content in (NOTHING[request.param][0] | {"other.txt": "Else.\n" * 20}).items():
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return str(request.param)


def flags(settings: dict[str, Any]) -> list[str]:
    told = {**settings}
    wanted = [f"--where={name}={value}" for name, value in told.pop("where", ())]
    return wanted + [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]


def corpus_of(case: str) -> str:
    first = next(iter(NOTHING[case][0]))
    return "it" if first.startswith("it/") else first


def test_corpus_without_validation_is_refused_with_its_cause(case: str, tmp_path: Path) -> None:
    _, settings, told, _ = NOTHING[case]
    with (
        TrainingJob(tmp_path / "m", settings | {"steps": 1}) as run,
        pytest.raises(DataError) as caught,
    ):
        run.open(corpus_of(case))
    assert told in str(caught.value)
    assert "give more text" not in str(caught.value)
    assert not (tmp_path / "m").exists()


def test_each_remedy_that_is_named_helps(case: str, tmp_path: Path) -> None:
    _, settings, _, remedies = NOTHING[case]
    for remedy in remedies:
        with TrainingJob(tmp_path / "m", settings | {"steps": 1} | remedy) as run:
            assert run.open(corpus_of(case)).counts("validation").tokens


def test_preparing_says_so_too(run: Run, case: str, tmp_path: Path) -> None:
    _, settings, told, _ = NOTHING[case]
    done = run("prepare", corpus_of(case), "-o", "store", *flags(settings), cwd=tmp_path)
    assert done.returncode == 0
    assert f"note: {told}" in done.stderr.decode()


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (LINE * 300, ("--documents", "line"), "all 300 documents are equal"),
        (LINE, (), "the corpus is too short: "),
    ],
)
def test_tensorflow_is_not_loaded_for_it(
    cache_home: Path, tmp_path: Path, text: str, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "it.txt").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "train", "it.txt", "-o", "m", *arguments],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env=environment(cache_home, {}),
    )
    assert done.returncode == 65
    assert told in done.stderr.decode().splitlines()[-1]
    assert done.stdout == b"False\n"
