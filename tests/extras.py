"""What tests need beyond the base install; where it is not installed they are skipped, aloud."""

from importlib.util import find_spec

import pytest

# The extras of pyproject.toml, each by a package that nothing else brings.
PACKAGES = {
    "constrain": "llguidance",
    "corpora": "datasets",
    "train": "tensorflow",
    "write": "prompt_toolkit",
}


def is_installed(extra: str) -> bool:
    """Tell whether an extra is installed."""
    return find_spec(PACKAGES[extra]) is not None


def need(extra: str) -> None:
    """Skip the tests of the fixture, or of the room, that this is called from, without an extra."""
    if not is_installed(extra):
        pytest.skip(_reason(extra), allow_module_level=True)


def needs(extra: str) -> pytest.MarkDecorator:
    """Return the mark of a test that needs an extra."""
    return pytest.mark.skipif(not is_installed(extra), reason=_reason(extra))


def _reason(extra: str) -> str:
    return f"needs the extra {extra!r}"
