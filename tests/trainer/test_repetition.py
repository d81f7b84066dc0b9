"""The command that `info` prints gives the same weights again, whatever a run was asked for."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Run
from tests.seeded_models import TIDEWATER
from tests.training import interrupt, weights
from textgen.artifact.model_folder import read_model
from textgen.cli.main import cli
from textgen.cli.train import train
from textgen.config.as_options import options_of
from textgen.config.corpus import CorpusConfig
from textgen.config.model import NetworkConfig
from textgen.config.size import fitting
from textgen.config.training import TrainingConfig
from textgen.report.run_status import RunStatus
from textgen.report.run_summary import repeat_rows

SMALL = ("--units", "8", "--embedding-size", "4", "--steps", "3", "--batch-size", "4")
LETTERS = "".join(
    json.dumps({"author": author, "year": year, "text": f"Dear all, it is {word} here. " * 9})
    + "\n"
    for year in (1801, 1802)
    for author, word in (("Anna", "fine"), ("Bert", "cold"), ("Cora", "late"))
    for _ in range(3)
)

# What was asked for, of which corpus; and what the command must name.
ASKED: dict[str, tuple[str, tuple[str, ...], str]] = {
    # So many threads would read much in a second, were there as many cores: size auto takes 512.
    "budget": ("book.txt", ("--from", "none", "--budget", "1s", "--threads", "80"), "--units 512 "),
    "labels": (
        "letters.jsonl",
        (
            *SMALL,
            "--label-column",
            "author",
            "--where",
            "year=1802",
            "--drop-matching",
            "'\"[0-9] ",
            "--validation",
            "held out.jsonl",
            "--tokenizer",
            "mine.json",
            "--seed",
            "3",
        ),
        "--where year=1802 --label-column author ",
    ),
}
MORE_ASKED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "size": ("book.txt", ("--epochs", "1", "--size", "s", "--window", "128"), "--window 128 "),
    "options": (
        "book.txt",
        (
            *SMALL,
            "--documents",
            "paragraph",
            "--duplicates",
            "exact",
            "--tokenizer",
            "bpe",
            "--vocab-size",
            "300",
        ),
        "--duplicates exact --tokenizer bpe --vocab-size 300 ",
    ),
    "network": (
        "book.txt",
        (
            *SMALL,
            "--units",
            "9,8",
            "--activation",
            "tanh,softsign",
            "--tie-embeddings",
            "--optimizer",
            "sgd",
            "--momentum",
            "0.5",
            "--metrics",
            "accuracy",
            "--patience",
            "1",
            "--storage",
            "fp16",
            "--label-smoothing",
            "0.05",
            "--matmul",
            "fp32",
        ),
        "--units 9,8 --activation tanh,softsign ",
    ),
    "preset": ("book.txt", ("--preset", "english", "--steps", "2", "--units", "8"), "4096 "),
}


@pytest.fixture(scope="module")
def desk(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands name."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "book.txt").write_text(2 * TIDEWATER.read_text("utf-8"), "utf-8")
    (folder / "held out.jsonl").write_text(LETTERS.splitlines()[-1], "utf-8")
    (folder / "letters.jsonl").write_text(LETTERS, "utf-8")
    made = run(
        "tokenizer", "train", "book.txt", "--tokenizer", "byte", "-o", "mine.json", cwd=folder
    )
    assert made.returncode == 0, made.stderr
    return folder


def info(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["info", "-m", str(folder), "--json"], catch_exceptions=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def repeat(run: Run, desk: Path, command: str, corpus: Any, new: Path, model: Any = "") -> Path:
    """Give a command that was printed, with the corpus and folders that it leaves open."""
    program, *arguments = shlex.split(command)
    assert program == "textgen"
    named = {"CORPUS": str(corpus), "NEW": str(new), "MODEL": str(model)}
    done = run(*(named.get(word, word) for word in arguments), cwd=desk)
    assert done.returncode == 0, done.stderr.decode()
    return new


@pytest.mark.parametrize(
    "name", [*ASKED, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE_ASKED)]
)
def test_command_that_info_prints_gives_the_same_bytes(
    run: Run, desk: Path, tmp_path: Path, name: str
) -> None:
    corpus, asked, named = (ASKED | MORE_ASKED)[name]
    done = run("train", corpus, "-o", tmp_path / "m", *asked, cwd=desk)
    assert done.returncode == 0, done.stderr.decode()
    command = info(tmp_path / "m")["repeat"]
    assert named in command
    again = repeat(run, desk, command, corpus, tmp_path / "again")
    assert weights(again) == weights(tmp_path / "m")
    assert info(again)["repeat"] == command


def test_number_of_steps_alone_would_take_another_size() -> None:
    """Which is why the command names what was fitted."""
    plan: dict[str, Any] = {"tokens": 142_000, "vocab_size": 257}
    assert fitting(TrainingConfig(budget="1s", threads=80), **plan)["units"] == (512,)
    assert fitting(TrainingConfig(steps=9, threads=80), **plan)["units"] == (256,)


def test_run_that_began_with_a_model_is_repeated_with_that(
    run: Run, desk: Path, tmp_path: Path
) -> None:
    run("train", "book.txt", "-o", tmp_path / "base", *SMALL, "--tokenizer", "byte", cwd=desk)
    options = ("--dropout", "0.3", "--budget", "1s", "--batch-size", "2")
    base = tmp_path / "base"
    done = run("train", "letters.jsonl", "-o", tmp_path / "m", "--from", base, *options, cwd=desk)
    assert done.returncode == 0, done.stderr.decode()
    command = info(tmp_path / "m")["repeat"]
    assert command.startswith("textgen train CORPUS -o NEW --from MODEL ")
    again = repeat(run, desk, command, "letters.jsonl", tmp_path / "again", tmp_path / "base")
    assert weights(again) == weights(tmp_path / "m")


def test_run_that_is_not_finished_tells_the_command_of_the_finished_one(
    run: Run, unfinished: Path, small_text: Path, tmp_path: Path
) -> None:
    command = info(unfinished)["unfinished"]["repeat"]
    assert run("train", small_text, "-o", unfinished, "--resume").returncode == 0
    again = repeat(run, tmp_path, command, small_text, tmp_path / "again")
    assert weights(again) == weights(unfinished)
    assert info(unfinished)["repeat"] == command
    assert info(unfinished)["training"]["resumed"] == [5]


def test_run_whose_corpus_has_changed_is_not_said_to_be_repeatable(
    run: Run, unfinished: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "other.txt").write_text(text[:7000], encoding="utf-8")
    options = ("--resume", "--allow-changed-data")
    assert run("train", tmp_path / "other.txt", "-o", unfinished, *options).returncode == 0
    told = repeat_rows(read_model(unfinished))
    assert told == {"repeat": "no command does: its corpus was another one from step 5 on"}


def test_resumes_are_told_while_a_run_is_not_finished(small_text: Path, unfinished: Path) -> None:
    with pytest.MonkeyPatch.context() as context:
        context.setattr("tests.training.STOP", 8)
        context.setattr("textgen.report.run_page.write_report", lambda *_: None)
        interrupt(small_text, unfinished, resume=True)
    told = CliRunner().invoke(cli, ["info", "-m", str(unfinished)]).stdout
    assert "\nresumed     at step 5\n" in told
    assert RunStatus(None).repeat is None  # before the first checkpoint


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
COLUMNS = WORDS.filter(lambda word: "=" not in word)


@given(
    st.fixed_dictionaries(
        {
            "where": st.lists(st.tuples(COLUMNS, WORDS), max_size=3).map(tuple),
            "drop_matching": st.none() | WORDS,
            "splits": st.lists(WORDS, max_size=3).map(tuple),
            "validation": st.floats(1e-9, 0.5),
            "strict": st.booleans(),
            "tokenizer": st.just("word"),
            "units": st.lists(st.integers(1, 99), min_size=1, max_size=3).map(tuple),
            "activation": st.sampled_from([("tanh",), ("relu",)]),
            "tie_embeddings": st.booleans(),
            "dropout": st.floats(0, 0.99),
            "learning_rate": st.none() | st.floats(1e-12, 9),
            "metrics": st.sampled_from([(), ("accuracy",), ("accuracy", "top_5_accuracy")]),
            "seed": st.integers(0, 2**63 - 1),
        }
    )
)
def test_settings_that_are_written_as_options_are_read_back(settings: dict[str, Any]) -> None:
    written: list[str] = []
    for kind in (CorpusConfig, NetworkConfig, TrainingConfig):
        config = kind(**{name: settings[name] for name in kind.names() if name in settings})
        written += options_of(config, [name for name in kind.names() if name in settings])
    arguments = ["CORPUS", "-o", "NEW", *shlex.split(" ".join(written))]
    with train.make_context("train", arguments) as context:
        for name, value in settings.items():
            if value not in (None, ()):
                assert context.params["settings"][name] == value
