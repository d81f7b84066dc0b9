"""A case: what is tried, and what was seen. The registry that `try_cases.py` runs."""

import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cases.processes import SCRIPTS, TEXTGEN, TIMED_OUT, Done, foreign_options, run
from cases.small_text import SMALL_TEXT

OK, REMARK, FRICTION, FAULT, BROKEN = "OK", "OK 1", "FRICTION", "FAULT", "BROKEN"
ORDER = (OK, REMARK, FRICTION, FAULT, BROKEN)  # from the best on
NETWORK = ("--units", "8", "--batch-size", "2", "--window", "8")
TWO_STEPS = ("--steps", "2", *NETWORK)

REFUSALS = (2, 65, 66)  # what can be mended by the person who typed the command


@dataclass(frozen=True)
class Finding:
    """A check that failed, and how bad that is."""

    verdict: str
    what: str


class Shared:
    """What several cases use: the inputs, and a model that is trained once.

    Args:
        inputs: the folder with the reports and their files.
        scratch: a folder for all that is made.
    """

    def __init__(self, inputs: Path, scratch: Path) -> None:
        self.inputs = inputs
        self.scratch = scratch
        self._training = threading.Lock()

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a command: a home of its own, and no settings of ours."""
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("TEXTGEN_", "XDG_"))}
        return kept | {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "LC_ALL": "C.UTF-8",
        }

    @property
    def model(self) -> Path:
        """A small model of characters, trained for two steps."""
        with self._training:
            return self._model

    @cached_property
    def _model(self) -> Path:
        corpus, model = self.scratch / "small.txt", self.scratch / "model"
        corpus.write_text(SMALL_TEXT, encoding="utf-8")
        arguments = ("train", str(corpus), "-o", str(model), *TWO_STEPS, "-q")
        done = run(TEXTGEN, arguments, self.scratch, self.environment(self.scratch / "home"))
        if done.code:
            raise RuntimeError(f"the model that cases share: {done}")
        return model


@dataclass
class Trial:
    """One case at work: a folder of its own, and what was found.

    `must`, `should` and `could` note a check: one that fails is a fault, a friction, or a remark.
    """

    shared: Shared
    folder: Path
    inputs: Path
    findings: list[Finding] = field(default_factory=list)
    checks: int = 0

    # What is checked.

    def must(self, held: bool, what: str) -> bool:
        """Note a promise: broken, it is a fault."""
        return self._note(held, FAULT, what)

    def should(self, held: bool, what: str) -> bool:
        """Note a help: without it a person is left alone."""
        return self._note(held, FRICTION, what)

    def could(self, held: bool, what: str) -> bool:
        """Note a small thing that would be better."""
        return self._note(held, REMARK, what)

    def _note(self, held: bool, verdict: str, what: str) -> bool:
        self.checks += 1
        if not held:
            self.findings.append(Finding(verdict, what))
        return held

    @property
    def verdict(self) -> str:
        """The worst of what was found. A case that checks nothing is broken itself."""
        found = [finding.verdict for finding in self.findings]
        return max(found, key=ORDER.index, default=OK) if self.checks else BROKEN

    def works(self, done: Done) -> bool:
        """Check that a command did what it was asked to."""
        return self.must(done.code == 0, f"fails: {done}")

    def refused(
        self, done: Done, *, codes: Sequence[int] = REFUSALS, says: str = "", remedy: str = ""
    ) -> bool:
        """Check a refusal: its exit code, one line, facts, and a remedy of this command.

        Args:
            says: pattern of a fact that the line has to name.
            remedy: pattern of a way out.
        """
        held = self.must(
            done.code in codes, f"wanted a refusal, {'/'.join(map(str, codes))}: {done}"
        )
        return self.one_line(done) and self.told(done, says, remedy) and held

    def one_line(self, done: Done) -> bool:
        """Check that an error is one line of ours, no crash, with options that are there."""
        crash = re.search(r"a bug in textgen|Traceback|^\w*Error: ", done.err, re.MULTILINE)
        told = [line for line in done.err.splitlines() if line.startswith("textgen: ")]
        held = self.must(not crash and done.code >= 0 and done.code != 1, f"crashes: {done}")
        held = self.must(len(told) <= 1, f"{len(told)} lines of error: {done}") and held
        foreign = foreign_options(done.message, done.command)
        return self.must(not foreign, f"advises {foreign}, which is not there: {done}") and held

    def told(self, done: Done, says: str, remedy: str = "") -> bool:
        """Check that a line names a fact and a remedy."""
        named = re.search(says, done.message, re.IGNORECASE)
        held = self.must(bool(named), f"does not say {says!r}: {done}")
        helped = re.search(remedy, done.message, re.IGNORECASE)
        return self.should(bool(helped), f"no remedy like {remedy!r}: {done}") and held

    # What is done.

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


Function = Callable[[Trial], None]


@dataclass(frozen=True)
class Case:
    """A report that can be tried again.

    Attributes:
        id: that of its row.
        try_it: does so, and notes what it checks.
    """

    id: str
    try_it: Function


CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Function], Function]:
    """Register a function as the case of a row."""

    def register(function: Function) -> Function:
        CASES[name] = Case(name, function)
        return function

    return register
