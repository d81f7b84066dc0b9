"""What is built and written down agrees with the code."""

import os
import re
import runpy
import socket
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from textgen import __version__
from textgen.corpus.recipes import recipe_names

ROOT = Path(__file__).parent.parent


def test_tests_and_what_they_start_reach_no_other_machine() -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"a test connects to 192.0.2.1" in done.stderr or b"a test looks up" in done.stderr
    with pytest.raises(RuntimeError, match="a test"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_changelog_is_dated_and_names_no_version_after_this_one() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *releases = re.findall("^## (.*)$", changelog, re.MULTILINE)
    assert first == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", title) for title in releases)
    assert not releases or releases[0].startswith(f"{__version__} ")


@pytest.mark.parametrize(
    ("tag", "changelog", "problems"),
    [
        ("v1.2.3", "## Unreleased\n\n## 1.2.3 - 2030-01-31\n", []),
        ("1.2.3", "## 1.2.3 - 2030-01-31\n", ["the tag is 1.2.3, textgen/version.py has 1.2.3"]),
        ("v1.2.3", "## Unreleased\n", ["lacks 1.2.3", "no date"]),
        ("v1.2.3", "## 1.2.3 - soon\n", ["no date"]),
        ("v1.2.3", "## 1.2.2 - 2030-01-31\n## 1.2.3 - 2029-01-31\n", ["lacks 1.2.3"]),
    ],
)
def test_release_is_refused_unless_tag_version_and_changelog_agree(
    tag: str, changelog: str, problems: list[str]
) -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "check_release.py"))
    found = script["problems"](tag, '__version__ = "1.2.3"\n', changelog)
    assert len(found) == len(problems)
    assert all(part in sentence for part, sentence in zip(problems, found, strict=True))


def test_scripts_with_an_interpreter_are_executable_and_no_others() -> None:
    for path in (ROOT / "scripts").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            has_interpreter = path.read_bytes().startswith(b"#!")
            assert os.access(path, os.X_OK) == has_interpreter, path


def test_tools_of_this_repository_are_in_no_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert set(extras) == {"constrain", "corpora", "train", "write"}
    tools = {re.split("[<>=]", tool)[0] for tool in project["dependency-groups"]["dev"]}
    required = {re.split("[<>=]", name)[0] for names in extras.values() for name in names}
    assert not tools & required


def test_pinned_versions_have_hashes_and_name_no_index() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"[\w.-]+==\S+( ; .*)? \\$|    --hash=sha256:", line) for line in lines)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, as an installation would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, ROOT], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_recipes_travel_in_the_wheel(installed: Path) -> None:
    code = (
        "from textgen.corpus.recipes import recipe_folder, recipe_names, find_recipe;"
        "(source,) = find_recipe('tidewater').sources;"
        "print(recipe_folder().name, *recipe_names(), len(source.files()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=installed,
        env=os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{os.environ['PYTHONPATH']}"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["_corpora", *recipe_names(), "1"]


def test_model_in_the_wheel_writes_words_offline_and_at_once(installed: Path, text: str) -> None:
    files = list((installed / "textgen" / "english").iterdir())
    assert sum(file.stat().st_size for file in files) < 8_500_000
    done = subprocess.run(
        [sys.executable, "-m", "textgen", "generate", "Once upon", "-n", "400", "-s", "1"],
        cwd=installed,
        env={k: v for k, v in os.environ.items() if not k.startswith("TEXTGEN_")},
        capture_output=True,
        check=True,
        text=True,
    )
    words = re.findall("[a-z]+", done.stdout)
    known = set(re.findall("[a-z]+", text))
    assert len(words) > 150
    assert sum(word in known for word in words) > 0.7 * len(words)


def test_wheel_is_typed_and_licensed(installed: Path) -> None:
    assert (installed / "textgen" / "py.typed").exists()
    (information,) = installed.glob("*.dist-info")
    assert "Apache License" in (information / "licenses" / "LICENSE").read_text()
