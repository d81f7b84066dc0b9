"""The report of a run."""

from pathlib import Path

from textgen.model_folder import Model


def write_report(folder: Path, model: Model) -> None:
    """Write the report."""
