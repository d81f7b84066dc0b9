"""A case at work: commands and programs, in a folder of its own."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cases.findings import Findings
from cases.processes import SCRIPTS, TEXTGEN, TIMED_OUT, Done, run
from cases.shared import Shared
from cases.small_text import SMALL_TEXT


class Trial(Findings):
    """A case that is tried, and what is found.

    Args:
        shared: what it has in common with others.
        folder: its own, where commands run.
        inputs: the folder with a copy of its files.
    """

    def __init__(self, shared: Shared, folder: Path, inputs: Path) -> None:
        super().__init__()
        self.shared = shared
        self.folder = folder
        self.inputs = inputs

    def textgen(
        self,
        *arguments: str | Path,
        stdin: str | bytes = b"",
        cwd: Path | None = None,
        seconds: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command in the case's folder; one that does not end is a fault."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        words = [str(argument) for argument in arguments]
        return self._run(TEXTGEN, words, data, cwd, seconds, env or {})

    def limited(self, program: Sequence[str], arguments: Sequence[str]) -> Done:
        """Run a command by way of another program, as a shell that sets limits."""
        return self._run(program, arguments, b"", None, 120.0, {})

    def program(
        self,
        name: str,
        *arguments: str | Path,
        seconds: float = 300.0,
        env: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Run one of the programs that use the package, and return its outcomes by name."""
        program = (sys.executable, "-m", f"cases.programs.{name}")
        changes = {"PYTHONPATH": str(SCRIPTS)} | dict(env or {})
        done = self._run(program, list(map(str, arguments)), b"", None, seconds, changes)
        self.must(done.code == 0, f"{name}.py: {done.code}, {done.err[-300:]!r}")
        rows = [json.loads(line) for line in done.out.splitlines() if line.startswith('{"outcome"')]
        return {row["outcome"]: row for row in rows}

    def _run(
        self,
        program: Sequence[str],
        words: Sequence[str],
        stdin: bytes,
        cwd: Path | None,
        seconds: float,
        changes: Mapping[str, str],
    ) -> Done:
        environment = self.shared.environment(self.folder / "home") | dict(changes)
        done = run(program, words, cwd or self.folder, environment, stdin=stdin, seconds=seconds)
        self.must(done.code != TIMED_OUT, f"no end within {seconds:g} s: {done}")
        return done

    def write(self, name: str, content: str | bytes = SMALL_TEXT) -> Path:
        """Write a file into the case's folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def store(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> tuple[Done, list[str] | None]:
        """Prepare a corpus. Return how that went, and the documents that are in the store now."""
        out = self.folder / "store"
        shutil.rmtree(out, ignore_errors=True)
        done = self.textgen("prepare", *arguments, "-o", out, env=env)
        return done, documents(out) if (out / "store.json").is_file() else None


def documents(store: Path) -> list[str]:
    """Return the texts that a token store holds, sorted; one that was cut is one again."""
    from textgen.tokenization.token_store import TokenStore

    opened = TokenStore(store)
    found: list[str] = []
    for split in ("train", "validation", "test"):
        ids = np.fromfile(store / f"{split}.bin", dtype=np.uint16)
        parts = np.split(ids, np.flatnonzero(ids == 0) + 1)
        found += [opened.tokenizer.decode(part[part != 0].tolist()) for part in parts if len(part)]
    one_was_cut = "characters" in opened.manifest.cut
    return ["".join(found)] if one_was_cut else sorted(found)
