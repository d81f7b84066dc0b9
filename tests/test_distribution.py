"""What is built and written down agrees with the code."""

import os
import re
import socket
import subprocess
import sys
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


def test_changelog_has_an_entry_for_this_version() -> None:
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


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
    assert sum(file.stat().st_size for file in files) < 4_000_000
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
