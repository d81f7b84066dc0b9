"""Quick processes: one that has loaded all that commands need forks one for each of them.

A child runs the real `textgen` command line and is killed like any process; it is only spared the
time in which libraries load: half a second, and five for TensorFlow. The children are told apart by
their process ids.

Run as a program this is the zygote: it reads an order a line on standard input and writes what
happens, a line each, to standard output. `Zygote` is the other side.
"""

import gc
import importlib.util
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE = 300  # seconds


class Child:
    """A `textgen` process that was forked.

    Attributes:
        pid: its process id.
        folder: holds the files `stdin`, `stdout` and `stderr`.
    """

    def __init__(self, zygote: "Zygote", pid: int, folder: Path) -> None:
        self._zygote = zygote
        self.pid = pid
        self.folder = folder

    def wait(self) -> int:
        """Wait for its end; return the exit code, or the signal's number with a minus."""
        return self._zygote.exit_code(self.pid)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    @property
    def said(self) -> str:
        """What it has said on stderr so far."""
        return (self.folder / "stderr").read_text()


class Zygote:
    """Starts the process that forks, and gives it orders.

    Args:
        folder: takes what the children read and write.
        environment: variables of the process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # `select` sees no buffers
            env=environment,
            cwd=Path(__file__).parent.parent,
        )
        self._folder = folder
        self._environment = dict(environment)
        self._numbers = itertools.count()
        self._codes: dict[int, int] = {}

    def run(
        self,
        arguments: Sequence[Any],
        *,
        env: Mapping[str, str],
        cwd: Any = None,
        input: bytes = b"",
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run `textgen` to its end, as `subprocess.run` would."""
        child = self.start(*arguments, env=dict(env), cwd=str(cwd or Path.cwd()), stdin=input.hex())
        code = child.wait()
        out, err = ((child.folder / name).read_bytes() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, code, out, err)

    def start(self, *arguments: Any, **order: Any) -> Child:
        """Begin `textgen` with some arguments.

        Args:
            arguments: of the command line.
            order: `env`, all of its environment if it is another one; `cwd`; `stdin`, bytes in
                hexadecimal; `faults`, the arguments of `Faults`; `log`, a file that takes a line
                for each step that was taken and each checkpoint that was written; `terminate`,
                a step after which, or "validation N", in which the process sends itself SIGTERM;
                `report`, whether it draws one, which takes most of a second.
        """
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        told = {"arguments": [str(a) for a in arguments], "folder": str(folder), **order}
        told.setdefault("env", self._environment)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        return Child(self, self._read("pid"), folder)

    def exit_code(self, pid: int) -> int:
        """Wait for the end of a child."""
        while pid not in self._codes:
            self._read("")
        return self._codes[pid]

    def close(self) -> None:
        """End the process, and what it has forked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _read(self, wanted: str) -> int:
        """Read what happened until it is what was wanted; an exit is always written down."""
        assert self._process.stdout is not None
        while True:
            readable, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
            assert readable, f"no word from the forked processes for {PATIENCE} seconds"
            told = json.loads(self._process.stdout.readline())
            if "code" in told:
                self._codes[told["ended"]] = told["code"]
                if not wanted:
                    return 0
            if wanted in told:
                return int(told[wanted])


def be_born(order: dict[str, Any]) -> None:
    """Become a `textgen` process, whose end is quick: no other thread has come along."""
    code: Any = 1
    try:
        obey(order)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


def obey(order: dict[str, Any]) -> None:
    """Do what the other side has ordered."""
    from textgen.cli import main

    folder = Path(order["folder"])
    (folder / "stdin").write_bytes(bytes.fromhex(order.get("stdin", "")))
    for target, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(os.open(folder / name, os.O_RDWR | os.O_CREAT), target)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order.get("cwd", "."))
    if "faults" in order:
        from tests.faults import Faults

        Faults(**order["faults"]).install()
    if "log" in order:
        write_log(order["log"])
    if "terminate" in order:
        terminate_at(order["terminate"])
    if not order.get("report", True):
        from textgen.report import run_page

        setattr(run_page, "write_report", lambda *_: None)  # noqa: B010
    sys.argv = ["textgen", *order["arguments"]]
    main()


def write_log(path: str) -> None:
    """Write a line for each step and each checkpoint, at once."""
    from textgen.trainer.job_folder import JobFolder
    from textgen.trainer.run_state import RunState

    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    advance, save = RunState.advance, JobFolder.save

    def advance_logged(progress: RunState, *rest: Any) -> None:
        os.write(log, b"step\n")
        advance(progress, *rest)

    def save_logged(folder: JobFolder, checkpoint: Any) -> None:
        save(folder, checkpoint)
        os.write(log, b"saved\n")

    setattr(RunState, "advance", advance_logged)  # noqa: B010  # mypy knows no other way
    setattr(JobFolder, "save", save_logged)  # noqa: B010


def terminate_at(point: int | str) -> None:
    """Let a signal come after a step, or in the middle of the n-th validation."""
    from textgen.trainer import validation
    from textgen.trainer.run_state import RunState
    from textgen.trainer.train_step import TrainStep

    advance, validate, predict = RunState.advance, validation.validate, TrainStep.predict
    validations = 0

    def advance_and_end(progress: RunState, *rest: Any) -> None:
        advance(progress, *rest)
        if progress.steps == point:
            os.kill(os.getpid(), signal.SIGTERM)

    def count_and_validate(*rest: Any) -> Any:
        nonlocal validations
        validations += 1
        return validate(*rest)

    def predict_and_end(*rest: Any) -> Any:
        if point == f"validation {validations}":
            os.kill(os.getpid(), signal.SIGTERM)
        return predict(*rest)

    setattr(RunState, "advance", advance_and_end)  # noqa: B010
    setattr(validation, "validate", count_and_validate)  # noqa: B010
    setattr(TrainStep, "predict", predict_and_end)  # noqa: B010


def load_training() -> None:
    """Load what a training needs."""
    from textgen.trainer.backend import load_tensorflow

    load_tensorflow(quiet=True)
    import textgen.report.run_page
    import textgen.trainer.display
    import textgen.trainer.job
    import textgen.trainer.trainer  # noqa: F401


def serve() -> None:
    """Fork a child for every order, and tell of every end."""
    import textgen.cli
    import textgen.generator  # noqa: F401  # loaded once, for all children

    if importlib.util.find_spec("tensorflow"):
        load_training()
    gc.freeze()  # what is loaded stays, and children need neither look at it nor copy it
    alive: set[int] = set()

    def tell(**what: int) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    while True:
        readable, _, _ = select.select([sys.stdin], [], [], 0.01 if alive else None)
        if readable:
            line = sys.stdin.readline()
            if not line:
                break
            pid = os.fork()
            if pid == 0:
                be_born(json.loads(line))
            alive.add(pid)
            tell(pid=pid)
        for pid in list(alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                alive.remove(pid)
                tell(ended=pid, code=os.waitstatus_to_exitcode(status))
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve()
