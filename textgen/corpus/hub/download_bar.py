"""Downloads reported as a stage of reading a corpus, in place of the library's own bars."""

from functools import partial
from pathlib import PurePosixPath
from typing import Any

from textgen.progress import ProgressReporter


def download_bar(progress: ProgressReporter, path: str) -> Any:
    """Return a class for the progress bars of `huggingface_hub` that reports the bytes instead.

    Args:
        progress: receives the bytes that have come.
        path: of the file in its repository.
    """
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        """A bar that reports, and is never drawn."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options, disable=True)
            self._advance = partial(progress.advance, f"fetching {PurePosixPath(path).name}")

        def update(self, n: float | None = 1) -> bool | None:
            """Report that n bytes have come."""
            self._advance(int(n or 0), int(self.total) if self.total else None)
            return None

    return Bar
