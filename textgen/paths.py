"""Paths as people write them, and checks of outputs."""

import errno
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from textgen.errors import UsageError


def named(path: str | Path) -> Path:
    """Return a path that ends with a name, with `~` expanded.

    `.` becomes the name of the working folder. Only the root has no name.
    """
    whole = Path(os.path.expanduser(path))
    return whole if whole.name not in ("", "..") else Path(os.path.realpath(whole))


def refuse_here(path: Path) -> None:
    """Refuse to replace the working folder.

    Raises:
        UsageError: `path` is the working folder, or one above it.
    """
    here = Path.cwd()
    if Path(os.path.realpath(path)) in (here, *here.parents):
        raise UsageError(
            f"{path}: this folder is in use, for the command runs in it; name a new one, as "
            f"{path / 'new'}"
        )


def check_writable(path: Path) -> None:
    """Check that a file or folder can be made at a path.

    Raises:
        OSError: the nearest folder above it that exists cannot be written to.
    """
    whole = named(path).absolute()
    above = next((folder for folder in whole.parents if folder.exists()), whole)
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise PermissionError(errno.EACCES, "not a folder that can be written to", str(above))


def refuse_inputs(out: Path, inputs: Iterable[str | Path | None], corpus: str | Path = "") -> None:
    """Refuse an output that would replace an input, or become a file of a corpus.

    Args:
        out: the path of the output.
        inputs: files, folders and patterns; those that do not exist are ignored.
        corpus: a folder that must not contain `out`.

    Raises:
        UsageError: `out` is an input, or in the corpus.
    """
    place = Path(os.path.realpath(out))
    for name in filter(None, (*inputs, corpus)):
        for path in map(Path, map(os.path.realpath, _matches(str(name)))):
            if place == path or place in path.parents:
                raise UsageError(f"{out}: would take the place of {name}; choose another output")
            if name == corpus and path in place.parents:
                raise UsageError(
                    f"{out}: is in {name}, and would be a part of that corpus; choose an output "
                    f"outside"
                )


def _matches(name: str) -> Iterator[str]:
    """Yield the paths of a file name or a pattern."""
    if os.path.lexists(name):
        yield name
    elif glob.has_magic(name):
        yield from glob.iglob(name, recursive=True)
