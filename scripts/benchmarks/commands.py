"""Commands that the benchmarks run as a user would."""

import subprocess
import sys
from functools import partial


def run_python(*arguments: str) -> str:
    """Run Python with some arguments; its stderr is shown, its stdout returned."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


textgen = partial(run_python, "-m", "textgen")
