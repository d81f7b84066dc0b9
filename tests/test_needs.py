"""The tests themselves need no more than they say."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import EXTRAS, WHOLE

ROOT = Path(__file__).parent.parent
# What the extras bring, and the base install does not.
BEYOND = [
    *EXTRAS.values(),
    *(
        "keras",
        "keras_nlp",
        "pydivsufsort",
        "matplotlib",
        "pandas",
        "pyarrow",
        "regex",
        "rensa",
        "zstandard",
    ),
]
COLLECT = f"""
import sys
sys.modules |= dict.fromkeys({BEYOND!r})  # as if they were not installed
import pytest
sys.exit(pytest.main(["tests", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider"]))
"""


def test_tests_are_found_on_the_base_install_but_for_those_that_are_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLLECT], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
    found = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    named = {path for paths in WHOLE.values() for path in paths}
    rooms = tuple(f"tests/{path}" for path in named)
    every = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    missed = {path for path in every - found if not path.startswith(rooms)}
    assert missed <= {"tests/sampling/test_against_transformers.py"}  # in no extra either
    assert not {path for path in found if path.startswith(rooms)}


def test_what_is_named_is_there() -> None:
    for paths in WHOLE.values():
        assert all((ROOT / "tests" / path).exists() for path in paths)
