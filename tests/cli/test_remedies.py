"""A remedy is one at the door where it is told: an option of the command, an argument in Python."""

import re
import shlex
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from textgen.cli.main import cli
from textgen.errors import TextgenError, by_setting, worded
from textgen.generator import TextGenerator
from textgen.session.dynamic_evaluation import Adaptation

QUOTED = re.compile(r"'textgen ([^']*)'")  # a whole command line, which may be given anywhere
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@pytest.fixture(scope="module")
def folder(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that is wrong with inputs, and a model and a store that are right."""
    folder = tmp_path_factory.mktemp("wrong")
    generator.save_pretrained(folder / "model")
    (folder / "bad.txt").write_bytes(b"a\xffb\n" * 9)
    (folder / "nul.txt").write_bytes(b"a\0b\n" * 9)
    (folder / "good.txt").write_text("The ferry was late.\n" * 99)
    (folder / "short.txt").write_text("a")
    (folder / "empty.txt").write_text("")
    (folder / "long.txt").write_text("a b " * 300_000)
    (folder / "rows.jsonl").write_text('{"a": "x", "b": "y"}\n' * 9)
    (folder / "surrogate.jsonl").write_text('{"text": "\\ud800"}\n' * 9)
    (folder / "bad.jsonl").write_bytes(b'"\xff"\n')
    (folder / "full").mkdir()
    (folder / "full" / "mine").write_text("mine")
    (folder / "unfinished" / "training_state" / "step-1").mkdir(parents=True)
    with chdir(folder):
        done = CliRunner().invoke(cli, ["prepare", "good.txt", "-o", "store"])
        assert done.exit_code == 0, done.exception
    return folder


# What goes wrong, a command line each.
WRONG = """
prepare bad.txt -o new
prepare nul.txt -o new
prepare empty.txt -o new
prepare rows.jsonl -o new
prepare surrogate.jsonl -o new
prepare good.txt -o full
prepare good.txt -o new --where a=b
prepare good.txt -o new --documents row
prepare good.txt -o good.txt
prepare long.txt -o new --keep-matching x
prepare model -o new
prepare nul.txt -o new --encoding auto
prepare good.txt -o new --tokenizer model/tokenizer.json --normalize nfkc
train bad.txt -o new
train good.txt -o full
train good.txt -o unfinished
train good.txt -o full --resume
train good.txt -o new --from nowhere
evaluate bad.txt -m model
evaluate nul.txt -m model
evaluate rows.jsonl -m model
evaluate good.txt -m model --where a=b
evaluate short.txt -m model --split test
evaluate good.txt -m model --label x
corpora check bad.txt
corpora check rows.jsonl
corpora report bad.txt
corpora report good.txt --html full/mine
corpora removed nul.txt
corpora show nowhere
tokenizer train bad.txt -o new.json
tokenizer train good.txt -o full/mine
tokenizer encode -f bad.txt -m model
tokenizer encode -f nowhere.txt -m model
tokenizer info -m full
tokenizer info -m nowhere
generate -f bad.txt -m model
generate -m nowhere
generate -m hf:org/name
generate -m good.txt
generate -m model/model.safetensors
generate -m full
generate -m store
generate -m unfinished
generate -m model -o full/mine
generate -m model --receipt full/mine
generate -m model --session full/mine
generate -m model --session nowhere -c
generate -m model -c
generate -m model --label x
generate -m model --max-copy 3
generate -m model --jsonl -f bad.jsonl
generate -m model --json-schema @bad.txt
generate -m model --grammar @nowhere
generate -m model --ban-token the
generate -m model --echo --json
next -f bad.txt -m model
next -m good.txt
next -m model --label x
info -m nowhere
info -m full
replay nowhere
replay good.txt
""".strip().splitlines()


def told_by(line: str) -> tuple[click.Command, str]:
    """Return the command of a line, and all that it says."""
    command: click.Command = cli
    words = shlex.split(line)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    done = CliRunner().invoke(command, words)
    assert done.exit_code != 0 or "error" in done.stdout, line
    return command, f"{done.output} {done.exception}"


def flags(command: click.Command) -> set[str]:
    return {one for p in command.params for one in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("line", WRONG)
def test_every_option_that_an_error_names_is_one_of_the_command(folder: Path, line: str) -> None:
    with chdir(folder):
        command, told = told_by(line)
    assert "a bug" not in told
    for quoted in QUOTED.findall(told):
        other: click.Command = cli
        words = quoted.split()
        while isinstance(other, click.Group):
            other = other.commands[words.pop(0)]
        assert {word for word in words if word.startswith("-")} <= flags(other), told
    assert set(FLAG.findall(QUOTED.sub("", told))) <= flags(command), told


CALLS: dict[str, Callable[[TextGenerator], Any]] = {
    "bad bytes": lambda g: TextGenerator.train("bad.txt", out="new"),
    "nul": lambda g: TextGenerator.train("nul.txt", out="new"),
    "surrogate": lambda g: TextGenerator.train("surrogate.jsonl", out="new"),
    "evaluate": lambda g: g.evaluate("bad.txt"),
    "too long": lambda g: g.evaluate("long.txt", keep_matching="x"),
    "in the way": lambda g: TextGenerator.train("good.txt", out="full"),
    "unfinished": lambda g: TextGenerator.train("good.txt", out="unfinished"),
    "saved over": lambda g: g.save_pretrained("full"),
    "no split": lambda g: g.evaluate("short.txt", split="test"),
    "labels": lambda g: g.labelled({"x": 1}),
}


@pytest.mark.parametrize("name", CALLS)
def test_in_python_errors_name_arguments(folder: Path, generator: TextGenerator, name: str) -> None:
    with chdir(folder), pytest.raises(TextgenError) as caught:
        CALLS[name](generator)
    assert not FLAG.findall(QUOTED.sub("", str(caught.value)))


def test_a_remedy_is_worded_by_its_door_and_left_out_where_there_is_none() -> None:
    assert by_setting("pass {}", "overwrite", True) == "pass overwrite=True"
    assert by_setting("name it with {}", "encoding") == "name it with encoding"
    with worded(lambda name, value: f"--{name} {value}" if name == "known" else None):
        assert by_setting("try {}", "known", 3) == "try --known 3"
        assert by_setting("try {}", "other", otherwise="think") == "think"
    assert by_setting("pass {}", "overwrite", True) == "pass overwrite=True"


def test_the_words_of_a_door_are_given_back_whatever_happens(folder: Path) -> None:
    with chdir(folder):
        _, told = told_by("prepare good.txt -o full")
        assert "pass --overwrite" in told
        with pytest.raises(TextgenError, match="pass overwrite=True"):
            TextGenerator.from_pretrained("model").save_pretrained("full")


def test_a_model_is_told_by_what_stands_in_its_place(folder: Path) -> None:
    parts = {
        "nowhere": "'textgen train CORPUS -o nowhere' makes one",
        "hf:org/name": "models are not fetched",
        "good.txt": "a file, not a model folder",
        "model/model.safetensors": "a file of a model folder; name the folder, model",
        "store": "'textgen train store -o MODEL' makes one",
        "full": "not a model folder (no manifest.json)",
    }
    with chdir(folder):
        for name, part in parts.items():
            with pytest.raises(TextgenError, match=re.escape(part)):
                TextGenerator.from_pretrained(name)
        with pytest.raises((TextgenError, OSError)):
            Adaptation.load("nowhere")
