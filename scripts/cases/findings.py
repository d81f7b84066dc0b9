"""What was found in a case: checks that hold or not, and how bad that is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cases.processes import Done, foreign_options

OK, REMARK, FRICTION, FAULT, BROKEN = "OK", "OK 1", "FRICTION", "FAULT", "BROKEN"
ORDER = (OK, REMARK, FRICTION, FAULT, BROKEN)  # from the best on

REFUSALS = (2, 65, 66)  # what can be mended by the person who typed the command


@dataclass(frozen=True)
class Finding:
    """A check that failed, and how bad that is."""

    verdict: str
    what: str


@dataclass
class Findings:
    """The checks of one case.

    `must`, `should` and `could` note a check: one that fails is a fault, a friction, or a remark.
    """

    findings: list[Finding] = field(default_factory=list)
    checks: int = 0

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
            done: the command that ran.
            codes: exit codes, one of which it must have.
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

    def broken(self, error: Exception) -> None:
        """Note that the case itself does not work."""
        self._note(False, BROKEN, f"{type(error).__name__}: {error}")
