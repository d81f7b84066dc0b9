#!/usr/bin/env python
"""Measures the two main paths: own frames on the stack, and own files, up to the first result.

    scripts/path_lengths.py generate     up to the first text on stdout
    scripts/path_lengths.py train        up to the first step of the optimizer

A frame is a function of textgen/ on the stack. A file counts if a function of it ran; what ran
while a module was imported does not count. Frames are counted where they are deepest: at a call of
the engine's `decode` or `step` (which are not counted themselves), or of the optimizer's `apply`.
Files that ran only while the command line was read, a model folder was loaded or a graph was
compiled are counted apart: they are those of other stories.
"""

import argparse
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from rich.console import Console

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = f"{REPOSITORY / 'textgen'}/"
ENGINE = f"{PACKAGE}runtime/engine/"
TEXT = "It was a dark night, and the sea was still. " * 200


class Reached(BaseException):
    """The first result is there; no handler of errors may take it for one."""


class FirstText(io.StringIO):
    """A stdout at whose first text the path ends."""

    def isatty(self) -> bool:
        """Let the text be shown while it is written."""
        return True

    def write(self, text: str) -> int:
        """End the path, if there is text."""
        if text:
            raise Reached
        return 0


class PathMeasure:
    """Follows the calls of one command.

    Args:
        goal: "engine" or "optimizer", whose calls the frames are counted at.
        ends_there: whether the path ends at the first of these calls.

    Attributes:
        frames: the deepest stack at such a call, as file and function, the outermost first.
    """

    def __init__(self, goal: str, *, ends_there: bool) -> None:
        self.frames: list[str] = []
        self._files = {False: set[str](), True: set[str]()}  # by whether it was a preparation
        self._goal = goal
        self._ends_there = ends_there

    @property
    def files(self) -> set[str]:
        """All files whose functions ran."""
        return self._files[False] | self._files[True]

    @property
    def setup_files(self) -> set[str]:
        """The files whose functions ran only during the preparations."""
        return self._files[True] - self._files[False]

    def follow(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take note of a call; see `sys.setprofile`."""
        if event != "call":
            return
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE) and code.co_filename not in self._files[False]:
            stack = [one.f_code for one in callers(frame)]
            if not any(map(is_module, stack)):
                self._files[any(map(is_setup, stack))].add(code.co_filename)
        if is_goal(code, self._goal):
            own = [described(one.f_code) for one in callers(frame.f_back) if is_own(one.f_code)]
            self.frames = max(self.frames, own[::-1], key=len)
            if self._ends_there:
                raise Reached


def callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and those that called it, up to the command."""
    while frame is not None and frame.f_code.co_filename != __file__:
        yield frame
        frame = frame.f_back


def is_own(code: CodeType) -> bool:
    """Tell whether code is a function of textgen."""
    return code.co_filename.startswith(PACKAGE) and not is_module(code)


def is_module(code: CodeType) -> bool:
    """Tell whether code is the body of a module."""
    return code.co_name == "<module>"


def is_setup(code: CodeType) -> bool:
    """Tell whether code reads the command line, loads a model folder or compiles a graph."""
    return code.co_name in ("make_context", "from_pretrained", "_compile_writer", "_compile")


def is_goal(code: CodeType, goal: str) -> bool:
    """Tell whether code is what the path leads to."""
    if goal == "engine":
        return code.co_filename.startswith(ENGINE) and code.co_name in ("decode", "step")
    return code.co_name == "apply" and code.co_filename.endswith("optimizers/base_optimizer.py")


def described(code: CodeType) -> str:
    """Return where a function is, for people."""
    return f"{code.co_filename.removeprefix(PACKAGE)}: {code.co_qualname}"


def measure(arguments: list[str], path: PathMeasure) -> PathMeasure:
    """Run a command up to its first result."""
    from textgen.cli.main import main

    sys.argv = ["textgen", *arguments]
    stdout, sys.stdout = sys.stdout, FirstText()
    threading.setprofile(path.follow)
    sys.setprofile(path.follow)
    try:
        main()
    except Reached:
        pass
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        sys.stdout = stdout
    return path


def measure_generate() -> PathMeasure:
    """Measure `textgen generate` with the packaged model."""
    return measure(["generate", "Once upon", "-q"], PathMeasure("engine", ends_there=False))


def measure_train() -> PathMeasure:
    """Measure `textgen train` on a small text."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.txt"
        corpus.write_text(TEXT, encoding="utf-8")
        arguments = ["train", str(corpus), "-o", f"{folder}/model", "--units", "8", "--steps", "2"]
        sizes = ["--batch-size", "4", "--window", "8", "-q"]
        return measure([*arguments, *sizes], PathMeasure("optimizer", ends_there=True))


def main() -> None:
    """Print the frames and files of a path."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("generate", "train"))
    parser.add_argument("--files", action="store_true", help="name the files, too")
    options = parser.parse_args()
    path = measure_generate() if options.command == "generate" else measure_train()
    console = Console(highlight=False, soft_wrap=True)
    for depth, frame in enumerate(path.frames, start=1):
        console.print(f"{depth:>3}  {frame}", markup=False)
    if options.files:
        for file in sorted(path.files):
            mark = " (preparation)" if file in path.setup_files else ""
            console.print(f"     {file.removeprefix(PACKAGE)}{mark}", markup=False)
    console.print(
        f"{options.command}: {len(path.frames)} frames, {len(path.files)} files, "
        f"{len(path.setup_files)} of them only for preparations"
    )


if __name__ == "__main__":
    main()
