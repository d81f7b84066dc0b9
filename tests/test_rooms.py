"""The rooms of docs/architecture.md: imports go down them, and only some may train."""

import ast
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "textgen"

# From the top. A module may import those of rows below its own, and those of its own room.
ROOMS = [
    ("__main__",),
    ("cli",),
    ("cowriter",),
    ("receipt",),
    ("generator",),
    ("session",),
    ("trainer",),
    ("report",),
    ("model",),
    ("evaluation",),
    ("runtime.generation",),
    ("runtime.constraints",),
    ("runtime.engine",),
    ("artifact",),
    ("sampling",),
    ("tokenization",),
    ("corpus",),
    ("config",),
    ("folder_lock",),
    ("files", "json_files", "signals"),
    ("paths",),
    ("errors", "identity", "progress", "version"),
]
TRAINING = {"tensorflow", "keras", "keras_nlp", "keras_hub"}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def name_of(path: Path) -> str:
    """Return the name of a module."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """Return every module that a file imports anywhere in it, for its types included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


NAMES = {name_of(path) for path in MODULES}
GRAPH = {name_of(path): imports(path) & NAMES - {name_of(path)} for path in MODULES}


def room(module: str) -> str:
    """Return the room of a module: a package, or a package within runtime."""
    parts = module.removeprefix("textgen.").split(".")
    return ".".join(parts[: 2 if parts[0] == "runtime" else 1])


def level(name: str) -> int:
    """Return the number of the row of a room."""
    rows = [index for index, row in enumerate(ROOMS) if name in row]
    assert rows, f"{name} is a new room; give it a row in ROOMS and in docs/architecture.md"
    return rows[0]


def sub_package(module: str) -> str:
    """Return the package of a module of the corpus room, or the module where it lies flat."""
    parts = module.split(".")
    return ".".join(parts[:3]) if parts[1] == "corpus" else module


def cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the nodes of a cycle; nothing if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_the_rooms(path: Path) -> None:
    module = name_of(path)
    if module == "textgen.runtime":
        return  # it holds rooms, and nothing else
    here = room(module)
    for name in GRAPH[module] - {"textgen.runtime"}:
        there = room(name)
        assert there == here or level(there) > level(here), f"{module} imports {name}"


def test_no_module_imports_itself_by_a_detour() -> None:
    assert not cycle(GRAPH)


def test_no_package_of_a_room_imports_itself_by_a_detour() -> None:
    packages: dict[str, set[str]] = {}
    for module, others in GRAPH.items():
        here = sub_package(module)
        packages.setdefault(here, set()).update({sub_package(one) for one in others} - {here})
    assert not cycle(packages)


def test_the_rooms_that_the_documents_show_are_these() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Rooms")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    shown = [tuple(re.findall(r"`([\w/]+?)(?:/|\.py)?`", cell)) for cell in cells]
    assert shown == [tuple(name.replace(".", "/") for name in row) for row in ROOMS[1:]]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_training_rooms_import_a_training_framework(path: Path) -> None:
    if room(name_of(path)) not in {"trainer", "model"}:
        assert not {name.split(".")[0] for name in imports(path)} & TRAINING
