"""What the documents show is so: code runs, links lead somewhere, drawings are the script's."""

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs" / "figures"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LARGEST_FIGURE = 150_000  # bytes; a page loads several

# What a block of code is, by the word after its fence. Text, such as a sample of output, is
# shown and not run.
LANGUAGES = {"python", "sh", "text"}

# Where a document trains for minutes or many steps, the test trains for a second or two steps.
SHORTER = {r'\b(budget(?: |="))\d+[hms]': r"\g<1>1s", r"(--steps) \d+": r"\g<1> 2"}

# Blocks that no test can run, by their exact text, and why.
NOT_RUN = {
    "scripts/demo     # installs, trains for 150 s on Python's own standard library, writes some "
    "Python\nscripts/test     # runs the tests\n": "installs; and this is one of the tests",
    "pip install -e '.[train]'\n": "installs",
    "scripts/check --fix     # lint, formatting, types\n"
    "scripts/test            # the tests, several at a time; arguments go to pytest: "
    "-k parity, -n 0\n"
    "scripts/test -m slow    # those that take minutes: hundreds of kills, other libraries\n"
    "scripts/demo            # the whole path, as a user walks it\n": "installs; edits the code",
}

# Runs the blocks of one document in order. Python blocks share a namespace; a traceback shows
# the line of the document.
RUN_BLOCKS = r"""
import json, subprocess, sys
namespace = {"__name__": "__main__"}
for block in json.load(sys.stdin):
    if block["language"] == "sh":
        name = f"{block['path']}:{block['line']}"
        subprocess.run(["bash", "-euo", "pipefail", "-c", block["code"], name], check=True)
    else:
        code = "\n" * block["line"] + block["code"]
        exec(compile(code, block["path"], "exec"), namespace)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document; `line` is that of its fence, counted from 1."""

    path: str
    line: int
    language: str
    code: str


def tokens(document: Path) -> Iterator[Token]:
    """Yield the parts of a document, those inside paragraphs after their paragraph."""
    for token in MarkdownIt("commonmark").enable("table").parse(document.read_text("utf-8")):
        yield token
        yield from token.children or []


def blocks(document: Path) -> list[Block]:
    return [
        Block(str(document), token.map[0] + 1 if token.map else 0, token.info, token.content)
        for token in tokens(document)
        if token.type == "fence"
    ]


def targets(document: Path, kind: str) -> Iterator[str]:
    """Yield where the links ("href") or pictures ("src") of a document lead."""
    yield from (str(token.attrs[kind]) for token in tokens(document) if kind in token.attrs)


def anchors(document: Path) -> set[str]:
    """Return the names that GitHub gives to a document's headings."""
    parts = list(tokens(document))
    titles = [after.content for part, after in pairwise(parts) if part.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def folder(tmp_path: Path, text: str) -> Path:
    """The folder that a reader works in: two texts, some letters, and nothing else yet."""
    (tmp_path / "book.txt").write_text(text[:24_000], encoding="utf-8")
    (tmp_path / "other.txt").write_text(text[24_000:27_000], encoding="utf-8")
    parts = (("Anna", text[:12_000]), ("Bert", text[12_000:24_000]))
    letters = [
        {"author": author, "text": part[begin : begin + 600]}
        for author, part in parts
        for begin in range(0, len(part), 600)
    ]
    (tmp_path / "letters.jsonl").write_text("\n".join(map(json.dumps, letters)), encoding="utf-8")
    return tmp_path


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a reader who has installed this checkout and set nothing."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TEXTGEN_")}
    return inherited | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]]),
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
    }


def shorter(code: str) -> str:
    """Return a block that trains for a moment only."""
    for length, moment in SHORTER.items():
        code = re.sub(length, moment, code)
    return code


def test_every_block_of_code_is_fenced_and_says_what_it_is(document: Path) -> None:
    assert not [token.map for token in tokens(document) if token.type == "code_block"]
    assert {block.language for block in blocks(document)} <= LANGUAGES


@pytest.mark.needs("train", "corpora", "constrain", "write")
def test_every_block_of_code_runs(
    document: Path, folder: Path, environment: dict[str, str]
) -> None:
    run = [b for b in blocks(document) if b.language != "text" and b.code not in NOT_RUN]
    told = [asdict(block) | {"code": shorter(block.code)} for block in run]
    done = subprocess.run(
        [sys.executable, "-c", RUN_BLOCKS],
        cwd=folder,
        env=environment,
        input=json.dumps(told),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_blocks_that_are_not_run_are_still_in_the_documents() -> None:
    shown = {block.code for document in DOCUMENTS for block in blocks(document)}
    assert set(NOT_RUN) <= shown


def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    for target in [*targets(document, "href"), *targets(document, "src")]:
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = document.parent / path if path else document
        assert there.exists(), f"{document.name} links to {target}"
        assert not anchor or anchor in anchors(there), f"{document.name} links to {target}"


def test_scripts_that_are_named_exist(document: Path) -> None:
    for name in re.findall(r"\bscripts/\w+(?:\.py)?", document.read_text("utf-8")):
        assert (ROOT / name).is_file(), f"{document.name} names {name}"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What scripts/draw_how_it_works.py defines."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return runpy.run_path(str(ROOT / "scripts" / "draw_how_it_works.py"))


@pytest.mark.needs("corpora")
def test_figures_are_those_that_the_script_draws_and_the_page_shows(script: dict[str, Any]) -> None:
    shown = [Path(target).name for target in targets(ROOT / "docs" / "how-it-works.md", "src")]
    assert sorted(shown) == sorted(script["DRAWINGS"])
    assert {path.name for path in FIGURES.iterdir()} == set(script["DRAWINGS"])


@pytest.mark.parametrize("name", ["flow.svg", "cell.svg", "unrolled.svg"])
@pytest.mark.needs("corpora")
def test_diagrams_are_drawn_as_they_are_kept(
    script: dict[str, Any], name: str, tmp_path: Path
) -> None:
    script["save"](name, tmp_path)
    drawn, kept = (tmp_path / name).read_bytes(), (FIGURES / name).read_bytes()
    assert drawn == kept, "run scripts/draw_how_it_works.py"


def test_figures_are_light_to_load() -> None:
    for path in FIGURES.iterdir():
        assert path.stat().st_size < LARGEST_FIGURE, path
