"""What is swept or removed is a plain folder of our own: a link there loses nobody's files."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.training import make_checkpoint, state_of
from textgen.artifact.model_folder import Model
from textgen.errors import UnsafeModel
from textgen.files import remove_folder, set_aside, sweep
from textgen.tokenization.tokenizer import Tokenizer
from textgen.trainer.job_folder import JobFolder

Put = Callable[[Path, Path], object]  # something of a stranger's, at a path; and what is precious


def link(path: Path, precious: Path) -> None:
    path.symlink_to(os.path.relpath(precious, path.parent))


# All that may stand where textgen has a folder.
KINDS: dict[str, Put] = {
    "link": link,
    "link to a link": lambda path, precious: path.symlink_to(precious.with_name("other name")),
    "loop": lambda path, _: path.symlink_to(path.name),
    "dangling": lambda path, _: path.symlink_to("nowhere"),
    "link to a file": lambda path, precious: path.symlink_to(precious / "thesis.txt"),
    "file": lambda path, _: path.write_bytes(b"mine"),
    "pipe": lambda path, _: os.mkfifo(path),
}
PLACES = ("training_state", "training_state/step-7", "training_state/step-99")
# Where textgen may leave something of its own only under hidden names, links are refused alone.
LINKED_PLACES = ("training_state/.step-9.0123abcd", "training_state/damaged-step-5-0123abcd")


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder of somebody's, with names that textgen gives, too; and another name for it."""
    folder = tmp_path / "precious"
    for name in (".notes.deadbeef", ".step-3.0123abcd", "step-1", "step-2", "step-3", "step-99"):
        (folder / name).mkdir(parents=True)
        (folder / name / "thesis.txt").write_bytes(b"mine")
    (folder / "thesis.txt").write_bytes(b"mine")
    (tmp_path / "other name").symlink_to(folder)
    return folder


@pytest.fixture
def begun(tmp_path: Path, char_tokenizer: Tokenizer) -> Path:
    """A training that is not finished."""
    folder = JobFolder(tmp_path / "m")
    folder.begin(overwrite=False)
    for step in (5, 6):
        folder.save(make_checkpoint(char_tokenizer, step))
    return folder.path


def put_in_place(kind: str, path: Path, precious: Path) -> None:
    """Let something stand at a path, in place of what is there."""
    if path.exists():
        path.rename(path.with_name("kept"))
    KINDS[kind](path, precious)


def assert_refused(done: "subprocess.CompletedProcess[bytes]", path: Path) -> None:
    assert done.returncode == 77, done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert str(path) in line
    assert "nothing was touched; move it away" in line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_resume_refuses_what_is_no_folder_of_ours_and_loses_nothing(
    run: Run, begun: Path, precious: Path, tmp_path: Path, place: str, kind: str
) -> None:
    put_in_place(kind, begun / place, precious)
    text = tmp_path / "text.txt"
    text.write_text("The ferry was late.\n" * 400)
    before = state_of(tmp_path)
    for more in (("--resume",), ()):
        done = run("train", text, "-o", begun, "--steps", "2", *more)
        assert_refused(done, begun / place)
        assert state_of(tmp_path) == before


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "in" in kind or kind == "loop"])
@pytest.mark.parametrize("place", LINKED_PLACES)
def test_resume_refuses_links_under_hidden_names_too(
    run: Run, begun: Path, precious: Path, tmp_path: Path, place: str, kind: str
) -> None:
    put_in_place(kind, begun / place, precious)
    before = state_of(tmp_path)
    assert_refused(run("train", "text.txt", "-o", begun, "--resume"), begun / place)
    assert state_of(tmp_path) == before


@pytest.mark.parametrize("is_model", [False, True])
def test_model_folder_that_is_a_link_is_not_resumed(
    run: Run, begun: Path, tmp_path: Path, model: Model, is_model: bool
) -> None:
    if is_model:
        JobFolder(begun).add(model)
        JobFolder(begun).finish()
    (begun / ".notes.deadbeef").mkdir()
    (begun / ".notes.deadbeef" / "thesis.txt").write_bytes(b"mine")
    (tmp_path / "named").symlink_to(begun)
    before = state_of(tmp_path)
    done = run("train", "text.txt", "-o", tmp_path / "named", "--resume")
    assert_refused(done, tmp_path / "named")
    assert str(begun) in done.stderr.decode()  # the folder to name
    assert state_of(tmp_path) == before


def test_only_what_is_called_like_our_own_files_is_swept_from_a_model_folder(begun: Path) -> None:
    for name in (".notes.deadbeef", ".history.jsonl.deadbeef", ".model.safetensors.deadbeef"):
        (begun / name).write_bytes(b"mine")
    assert JobFolder(begun).latest()
    assert sorted(os.listdir(begun)) == [".notes.deadbeef", "history.jsonl", "training_state"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("remove", [sweep, remove_folder])
def test_nothing_but_a_plain_folder_is_swept_or_removed(
    tmp_path: Path, precious: Path, kind: str, remove: Callable[[Path], None]
) -> None:
    KINDS[kind](tmp_path / "it", precious)
    before, names = state_of(tmp_path), sorted(os.listdir(tmp_path))
    with pytest.raises(UnsafeModel, match="nothing was touched"):
        remove(tmp_path / "it")
    assert (state_of(tmp_path), sorted(os.listdir(tmp_path))) == (before, names)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_moved_aside_loses_nothing(tmp_path: Path, precious: Path, kind: str) -> None:
    for number in ("", "-2"):
        KINDS[kind](tmp_path / "it", precious)
        before = state_of(precious)
        assert set_aside(tmp_path / "it") == tmp_path / f"it.old{number}"
        assert not os.path.lexists(tmp_path / "it")
        assert state_of(precious) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("command", "place"),
    [
        (("train", "text.txt", "-o", "it", "--steps", "1"), "it"),
        (("prepare", "text.txt", "-o", "it"), "it"),
        (("prepare", "text.txt", "-o", "it", "--overwrite"), "it"),
        (("prepare", "text.txt", "-o", "it"), ".it.0123abcd"),
        (("tokenizer", "train", "text.txt", "-o", "it", "--overwrite"), "it"),
        (("corpora", "report", "text.txt", "--html", "it", "--overwrite"), "it"),
    ],
)
def test_no_command_loses_what_a_link_at_its_output_points_at(
    run: Run, tmp_path: Path, precious: Path, kind: str, command: tuple[str, ...], place: str
) -> None:
    (tmp_path / "text.txt").write_text("The ferry was late.\n" * 400)
    KINDS[kind](tmp_path / place, precious)
    before = state_of(precious)
    run(*command, cwd=tmp_path)
    assert state_of(precious) == before
