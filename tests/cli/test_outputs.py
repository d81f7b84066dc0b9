"""Outputs: whatever they are called, they are written or refused in a line, and are no inputs."""

import logging
import os
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from textgen.cli.main import cli
from textgen.errors import UsageError
from textgen.generator import TextGenerator
from textgen.paths import named, refuse_inputs
from textgen.session.dynamic_evaluation import Adaptation
from textgen.trainer.job_folder import JobFolder

GOOD = "The ferry was late.\n" * 99


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token store, to report on."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "good.txt").write_text(GOOD)
    done = CliRunner().invoke(cli, ["prepare", str(folder / "good.txt"), "-o", str(folder / "s")])
    assert done.exit_code == 0, done.exception
    return folder / "s"


@pytest.fixture(scope="module")
def small(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    generator.save_pretrained(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that a person works in, with a text and a home folder beside it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "good.txt").write_text(GOOD)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def invoke(*words: Any) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)))


# What writes something to a name that a person chooses.
WRITERS: dict[str, Callable[[str, Path, Path], Result]] = {
    "prepare": lambda out, model, store: invoke("prepare", "../good.txt", "-o", out),
    "prepare over": lambda o, m, s: invoke("prepare", "../good.txt", "-o", o, "--overwrite"),
    "report": lambda o, m, s: invoke("corpora", "report", s, "--html", o),
    "report over": lambda o, m, s: invoke("corpora", "report", s, "--html", o, "--overwrite"),
    "tokenizer": lambda o, m, s: invoke("tokenizer", "train", "../good.txt", "-o", o),
    "tokenizer over": lambda o, m, s: invoke(
        "tokenizer", "train", "../good.txt", "-o", o, "--overwrite"
    ),
    "text": lambda o, m, s: invoke("generate", "-m", m, "-n", 2, "-o", o),
    "receipt": lambda o, m, s: invoke("generate", "-m", m, "-n", 2, "--receipt", o),
    "session": lambda o, m, s: invoke("generate", "-m", m, "-n", 2, "--session", o),
}
WRITTEN = {
    "new": "work/new",
    "new/": "work/new",
    "./new": "work/new",
    "a/b/c": "work/a/b/c",
    "../new": "new",
    "x/../new": "work/new",
    "~/new": "home/new",
}
REFUSED = [".", "./", "", "/", "..", "../", "../work", "../../"]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("out", WRITTEN)
@pytest.mark.parametrize("writer", WRITERS)
def test_an_output_is_written_where_its_name_says(
    writer: str, out: str, here: Path, small: Path, store: Path
) -> None:
    (here / "x").mkdir()
    done = WRITERS[writer](out, small, store)
    assert done.exit_code == 0, done.exception
    place = here.parent / WRITTEN[out]
    assert place.exists()
    assert not (here / "~").exists()
    again = WRITERS[writer](out, small, store)
    assert again.exit_code == 0 or isinstance(again.exception, UsageError)


@pytest.mark.parametrize("out", REFUSED)
@pytest.mark.parametrize("writer", WRITERS)
def test_the_folder_one_is_in_and_those_above_are_no_outputs(
    writer: str, out: str, here: Path, small: Path, store: Path
) -> None:
    before = files(here.parent)
    done = WRITERS[writer](out, small, store)
    assert isinstance(done.exception, UsageError | SystemExit)
    assert done.exit_code in (1, 2)  # of an error of ours, which `main` makes a code of, 1
    assert files(here.parent) == before
    assert Path.cwd() == here


@pytest.mark.parametrize("out", [*REFUSED[:2], *REFUSED[3:]])
def test_training_over_the_folder_one_is_in_is_refused_before_the_work(
    out: str, here: Path
) -> None:
    before = files(here.parent)
    done = invoke("train", "tidewater", "-o", out, "--overwrite", "--steps", 2)
    assert isinstance(done.exception, UsageError)
    assert "name a new one" in str(done.exception)
    assert files(here.parent) == before


@pytest.mark.parametrize("out", REFUSED)
def test_in_python_too(out: str, here: Path, generator: TextGenerator) -> None:
    session, before = generator.session(), files(here.parent)
    session.adapt("The ")
    adaptation = session.adaptation
    assert isinstance(adaptation, Adaptation)
    calls: list[Callable[[], Any]] = [
        lambda: generator.save_pretrained(out),
        lambda: generator.save_pretrained(out, overwrite=True),
        lambda: session.save(out),
        lambda: adaptation.save(out),
    ]
    for call in calls:
        with pytest.raises((UsageError, OSError)):
            call()
    assert files(here.parent) == before


@pytest.mark.parametrize("out", [name for name in WRITTEN if ".." not in name])
def test_python_writes_where_the_command_line_does(
    out: str, here: Path, generator: TextGenerator
) -> None:
    place = here.parent / WRITTEN[out]
    generator.save_pretrained(out)
    assert (place / "manifest.json").exists()
    assert "# new" in (place / "README.md").read_text() or "c" in place.name
    assert TextGenerator.from_pretrained(out).model.sha256() == generator.model.sha256()
    session, state = generator.session(seed=1), f"{out.rstrip('/')}.state"
    session.save(state)
    assert place.with_name(f"{place.name}.state").exists()
    assert generator.load_session(state).config == session.config


def test_names_are_those_of_what_is_there(here: Path) -> None:
    assert named(".") == named("") == named("./") == here
    assert named("..") == named("x/../..") == here.parent
    assert named("~/m") == here.parent / "home" / "m"
    assert named("~nobody-here/m") == Path("~nobody-here/m")
    assert named("a/b") == Path("a/b")
    assert named("/") == Path("/")


INPUTS = [
    ("prepare", "good.txt", "-o", "good.txt"),
    ("prepare", "good.txt", "-o", "./folder/../good.txt"),
    ("prepare", "*.txt", "-o", "good.txt"),
    ("prepare", "folder", "-o", "folder"),
    ("prepare", "folder", "-o", "folder/store"),
    ("prepare", "folder", "-o", "link"),
    ("prepare", "link", "-o", "folder"),
    ("prepare", "folder/*.txt", "-o", "folder"),
    ("prepare", "good.txt", "-o", "folder", "--validation", "folder/other.txt"),
    ("prepare", "good.txt", "-o", "folder", "--decontaminate", "folder/other.txt"),
    ("prepare", "good.txt", "-o", "m", "--tokenizer", "m/tokenizer.json"),
    ("train", "good.txt", "-o", "good.txt"),
    ("train", "folder", "-o", "folder/model"),
    ("tokenizer", "train", "good.txt", "-o", "good.txt"),
    ("corpora", "report", "good.txt", "--html", "good.txt"),
]


@pytest.mark.parametrize("words", INPUTS, ids=" ".join)
def test_an_output_that_is_an_input_is_refused_before_anything(
    words: tuple[str, ...], tmp_path: Path, generator: TextGenerator
) -> None:
    (tmp_path / "good.txt").write_text(GOOD)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "other.txt").write_text(GOOD)
    (tmp_path / "link").symlink_to("folder")
    generator.save_pretrained(tmp_path / "m")
    before = files(tmp_path)
    with chdir(tmp_path):
        done = invoke(*words, "--overwrite")
    assert isinstance(done.exception, UsageError), (done.output, done.exception)
    assert "choose an" in str(done.exception)
    assert done.output == ""
    assert files(tmp_path) == before
    assert (tmp_path / "good.txt").read_text() == GOOD


def test_an_output_beside_its_input_is_fine(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    refuse_inputs(tmp_path / "texts-2", [None, "hf:org/name", "nowhere"], tmp_path / "texts")
    refuse_inputs(tmp_path / "page.html", [tmp_path / "texts"], "-")
    refuse_inputs(tmp_path / "texts" / "page.html", [tmp_path / "texts"])
    refuse_inputs(tmp_path / "texts" / "b", [], str(tmp_path / "texts" / "*.txt"))


def test_what_is_moved_aside_is_told(here: Path, store: Path) -> None:
    (here / "store").mkdir()
    for name in ("store/mine", "page.html", "mine.json"):
        (here / name).write_text("mine")
    for words, out in (
        (("prepare", "../good.txt", "-o"), "store"),
        (("corpora", "report", store, "--html"), "page.html"),
        (("tokenizer", "train", "../good.txt", "-o"), "mine.json"),
    ):
        done = invoke(*words, out, "--overwrite")
        assert done.exit_code == 0, done.exception
        assert f"what stood at {out} is now {out}.old\n" in done.stderr
        assert "is now" not in invoke(*words, "other", "--overwrite", "-q").stderr
    assert (here / "store.old" / "mine").read_text() == "mine"


def test_a_training_says_what_it_moves_aside(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "textgen")
    (here / "m").mkdir()
    (here / "m" / "mine").write_text("mine")
    JobFolder(Path("m")).begin(overwrite=True)
    assert caplog.messages == ["what stood at m is now m.old"]
    assert (here / "m.old" / "mine").read_text() == "mine"


def test_text_and_state_are_two_files(here: Path) -> None:
    done = invoke("generate", "-o", "one", "--session", "one")
    assert "cannot hold both the text and its state" in str(done.exception)
    assert os.listdir(here) == []


def test_no_path_option_takes_an_empty_name() -> None:
    done = invoke("prepare", "", "-o", "new")
    assert done.exit_code == 2
    assert "'' is no name of a file or folder" in done.stderr
