"""The version, written once; the build reads it here. And the versions of libraries."""

from importlib import metadata

__version__ = "0.1.0"


def library_versions(*names: str) -> dict[str, str]:
    """Return the versions of installed distributions by their names."""
    return {name: metadata.version(name) for name in names}
