"""The documents are true: their code runs, their links work, their figures are current."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from packaging.version import Version

import textgen

ROOT = Path(__file__).parent.parent
SCREENS = ROOT / "docs" / "screens"
FIGURES = ROOT / "docs" / "figures"
HOW_IT_WORKS = ROOT / "docs" / "explanation" / "how-it-works.md"
DOCS = ROOT / "docs"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
# How-to pages begin where the tutorial ends, with a model in models/book; these two train it.
TRAINS_IT = {"train.md", "resume.md"}
# These train many times; `-m slow` runs their code.
SLOW_PAGES = {*TRAINS_IT, "labels.md", "network.md", "tokenizer.md"}
BEGUN = [path for path in (DOCS / "how-to").glob("*.md") if path.name not in TRAINS_IT]
MOST_LINES = 200  # of README
LARGEST_FIGURE = 150_000  # bytes; a page loads several

# Languages of blocks, by the word after the fence. Text, such as a sample of output, is not run.
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


def scripts_in(document: Path) -> list[str]:
    """Return the files of scripts/ that a document names."""
    return re.findall(r"\bscripts/\w+(?:\.py)?", document.read_text("utf-8"))


def page_name(path: Path) -> str:
    """Return the name of a page in the repository."""
    return path.relative_to(ROOT).as_posix()


def marked_if_slow(path: Path) -> Any:
    """Return a page as a parameter; those that train again and again take minutes."""
    return pytest.param(path, marks=[pytest.mark.slow] if path.name in SLOW_PAGES else [])


@pytest.fixture(params=DOCUMENTS, ids=page_name)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a reader who has installed this checkout and set nothing."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TEXTGEN_")}
    return inherited | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]]),
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
    }


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory, text: str, environment: dict[str, str]) -> Path:
    """The model of the tutorial, trained for two steps."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "book.txt").write_text(text[:24_000], encoding="utf-8")
    train = f"{sys.executable} -m textgen train book.txt -o book --steps 2 --units 8 --quiet"
    subprocess.run(train.split(), cwd=folder, env=environment, check=True)
    return folder / "book"


@pytest.fixture
def folder(request: pytest.FixtureRequest, document: Path, tmp_path: Path, text: str) -> Path:
    """The folder of a reader: two texts, some letters and, for a how-to page, a model."""
    if document in BEGUN:
        shutil.copytree(request.getfixturevalue("book"), tmp_path / "models" / "book")
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


def shorter(code: str) -> str:
    """Return a block that trains for a moment only."""
    for length, moment in SHORTER.items():
        code = re.sub(length, moment, code)
    return code


def test_every_block_of_code_is_fenced_and_says_what_it_is(document: Path) -> None:
    assert not [token.map for token in tokens(document) if token.type == "code_block"]
    assert {block.language for block in blocks(document)} <= LANGUAGES


@pytest.mark.needs("train", "corpora", "constrain", "write")
@pytest.mark.parametrize("document", [marked_if_slow(path) for path in DOCUMENTS], ids=page_name)
def test_every_block_of_code_runs(
    document: Path, folder: Path, environment: dict[str, str]
) -> None:
    run = [b for b in blocks(document) if b.language != "text" and b.code not in NOT_RUN]
    shortened = [asdict(block) | {"code": shorter(block.code)} for block in run]
    done = subprocess.run(
        [sys.executable, "-c", RUN_BLOCKS],
        cwd=folder,
        env=environment,
        input=json.dumps(shortened),
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
    for name in scripts_in(document):
        assert (ROOT / name).is_file(), f"{document.name} names {name}"


def test_commands_that_are_named_can_be_executed(document: Path) -> None:
    for path in (ROOT / name for name in scripts_in(document)):
        if path.read_bytes().startswith(b"#!"):
            assert os.access(path, os.X_OK), f"{document.name} names {path}; chmod +x it"


def test_a_script_is_a_command_exactly_if_its_mode_says_so() -> None:
    for path in filter(Path.is_file, (ROOT / "scripts").iterdir()):
        assert os.access(path, os.X_OK) == path.read_bytes().startswith(b"#!"), path


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= MOST_LINES


def test_every_page_can_be_reached_from_the_start_and_is_in_the_site() -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    linked = set(targets(DOCS / "index.md", "href"))
    assert pages <= linked | {"index.md"}
    assert pages == set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))


def test_every_public_name_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "python.md").read_text("utf-8")
    names = set(re.findall(r"^::: textgen\.(\w+)$", page, re.MULTILINE))
    assert names == set(textgen.__all__) - {"__version__"}


@pytest.mark.skipif(Version(version("click")) < Version("8.2"), reason="writes helps otherwise")
@pytest.mark.parametrize("name", ["command-line.md", "python.md", "files.md"])
def test_reference_pages_are_what_the_code_says(name: str) -> None:
    write = runpy.run_path(str(ROOT / "scripts" / "write_reference.py"))["PAGES"][name]
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert written == write(), "run scripts/write_reference.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that scripts/draw_how_it_works.py defines."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return runpy.run_path(str(ROOT / "scripts" / "draw_how_it_works.py"))


@pytest.mark.needs("corpora")
def test_figures_are_those_that_the_script_draws_and_the_page_shows(script: dict[str, Any]) -> None:
    shown = [Path(target).name for target in targets(HOW_IT_WORKS, "src")]
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
    for path in [*FIGURES.iterdir(), *SCREENS.iterdir()]:
        assert path.stat().st_size < LARGEST_FIGURE, path


def test_pictures_ask_no_other_host_for_anything() -> None:
    for path in [*FIGURES.iterdir(), *SCREENS.iterdir()]:
        drawn = path.read_text("utf-8")
        assert not re.findall(r"url\(['\"]?http|@import|(?:href|src)=['\"]http", drawn), path


@pytest.mark.parametrize(
    ("name", "text", "loads"),
    [
        ("a.html", '<a href="https://other.org">a link</a><img src="a.svg">', 0),
        ("a.html", '<link rel="canonical" href="https://other.org/a.html">', 0),
        ("a.html", '<script src="https://other.org/a.js"></script>', 1),
        ("a.html", '<link rel="preconnect" href="//other.org">', 1),
        ("a.html", "<style>body { background: url(https://other.org/a.png) }</style>", 1),
        ("a.css", "@font-face { src: url('fonts/a.woff2') }", 0),
        ("a.css", "@import 'https://other.org/a.css';", 1),
    ],
)
def test_the_check_of_the_site_finds_loads_from_other_hosts(
    tmp_path: Path, name: str, text: str, loads: int
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    problems = runpy.run_path(str(ROOT / "scripts" / "check_site.py"))["problems"]
    assert len(list(problems(tmp_path))) == loads
