"""The rooms of docs/architecture.md: imports go down them, and only some may train."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "textgen"

# From the top: a room may import those below it, and itself.
ROOMS = [
    {"__main__"},
    {"cli"},
    {"cowriter"},
    {"receipt"},
    {"generator"},
    {"session"},
    {"session_file"},
    {"adaptation"},
    {"trainer"},
    {"model"},
    {"scoring"},
    {"report"},
    {"runtime"},
    {"circumstances"},
    {"model_folder"},
    {"labels"},
    {"copy_index", "missing_model", "model_card", "model_record", "plain_files", "weights"},
    {"sampling", "tokenization"},
    {"corpus"},
    {"config"},
    {"folder_lock"},
    {"files", "interruption", "json_files"},
    {"paths"},
    {"errors", "identity", "version"},
]
TRAINING = {"tensorflow", "keras", "keras_nlp", "keras_hub"}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(name: str) -> int:
    return next(index for index, row in enumerate(ROOMS) if name in row)


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_the_rooms(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        if not name.startswith("textgen."):
            continue
        there = name.split(".")[1]
        assert there == here or level(there) > level(here), f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_training_rooms_import_a_training_framework(path: Path) -> None:
    if room(path) not in {"trainer", "model"}:
        assert not {name.split(".")[0] for name in imports(path)} & TRAINING


def test_no_file_has_outgrown_its_noun() -> None:
    for path in MODULES:
        facade = {"generator.py", "session.py"}  # half of it is docstrings
        most = 350 if path.name in facade else 260
        assert len(path.read_text(encoding="utf-8").splitlines()) <= most, path
