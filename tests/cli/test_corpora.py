"""What a person sees of corpora: recipes, a first look, reports."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.cli.seen import one_line
from tests.conftest import Run
from tests.seeded_models import TIDEWATER


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with copies among its rows."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    texts = [f"the {number}th row of all" for number in range(50)] + ["the 7th row of all"] * 3
    path.write_text("".join(json.dumps({"body": text}) + "\n" for text in texts))
    return path


def test_recipes_are_listed(run: Run) -> None:
    assert run("corpora").stdout.startswith(b"python-stdlib ")
    told = json.loads(run("corpora", "list", "--json").stdout)
    (tidewater,) = [recipe for recipe in told if recipe["name"] == "tidewater"]
    assert tidewater["sources"][0]["path"] == str(TIDEWATER)


def test_show_prints_the_recipe_as_toml_and_says_what_is_there(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[sources]]\npath = "gone"\n\n[[sources]]\npath = "hf:org/name"\n')
    shown = run("corpora", "show", mine).stdout.decode()
    assert tomllib.loads(shown) == tomllib.loads(mine.read_text())
    assert f"# {tmp_path / 'gone'}: no file of it is there" in shown
    assert "# hf:org/name: on the Hugging Face hub" in shown
    told = json.loads(run("corpora", "show", "tidewater", "--json").stdout)
    assert (told["licence"], told["sources"][0]["files"]) == ("Apache-2.0", [str(TIDEWATER)])
    done = run("corpora", "show", "tidewaters")
    assert done.returncode == 66
    assert "known are:" in one_line(done.stderr)


@pytest.mark.needs("corpora")
def test_check_says_what_is_wrong_and_fails(run: Run, rows: Path) -> None:
    good = run("corpora", "check", rows, "--column", "body")
    assert (good.returncode, good.stderr) == (0, b"")
    assert f"{rows}: jsonl, documents looked at: 53\n" in good.stdout.decode()
    assert b"'the 0th row of all'" in good.stdout
    bad = run("corpora", "check", rows, "--column", "title", "--json")
    assert bad.returncode == 65
    assert "1 of 1 files cannot be read" in one_line(bad.stderr)
    (part,) = json.loads(bad.stdout)["parts"]
    assert "'title'" in part["problem"]
    assert run("corpora", "check", "nowhere").returncode == 66
    bad = run("corpora", "check", rows, "--column", "body", "--keep-matching", "(")
    assert (bad.returncode, b"no regular expression" in bad.stdout) == (65, True)


def test_check_says_what_reading_changes_and_leaves_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_bytes(b"\xef\xbb\xbfone\r\nand two\r\n")
    options = (tmp_path / "book.txt", "--documents", "line", "--min-characters", 4)
    shown = run("corpora", "check", *options).stdout.decode()
    assert "  byte order marks taken off: 1\n" in shown
    assert "  left out: shorter than 4 characters: 1\n" in shown
    (part,) = json.loads(run("corpora", "check", *options, "--json").stdout)["parts"]
    assert part["changes"]["CRLF line ends turned into LF"] == 2
    assert part["documents"] == ["and two"]
    nothing = run("corpora", "check", *options, "--max-characters", 5)
    assert (nothing.returncode, b"no text was found" in nothing.stderr) == (65, True)


@pytest.mark.needs("corpora")
def test_report_is_text_and_a_page_that_replaces_no_other(
    run: Run, rows: Path, tmp_path: Path
) -> None:
    page = tmp_path / "rows.html"
    page.write_text("mine")
    report = ("corpora", "report", rows, "--column", "body", "--html", page)
    refused = run(*report)
    assert refused.returncode == 2
    assert "--overwrite" in one_line(refused.stderr)
    done = run(*report, "--overwrite")
    assert done.returncode == 0
    assert done.stderr.endswith(b"rows.html.old\n")  # where it is now
    assert b"Commonest tokens" in done.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "rows.html.old").read_text() == "mine"


@pytest.mark.needs("corpora")
def test_documents_that_were_left_out_are_counted_and_listed(run: Run, rows: Path) -> None:
    options = (rows, "--column", "body", "--duplicates", "exact")
    told = json.loads(run("corpora", "report", *options, "--json").stdout)
    assert sum(held["documents"] for held in told["splits"].values()) == 50
    assert sum(told["removed"].values()) == 3
    shown = run("corpora", "removed", *options).stdout.decode().splitlines()
    assert len(shown) == 3
    copy = rf"{rows}:5\d: exact copy of another document \({rows}:8\): 'the 7th row of all'"
    assert all(re.fullmatch(copy, line) for line in shown)
    lines = run("corpora", "removed", *options, "--json").stdout.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["the 7th row of all"] * 3
