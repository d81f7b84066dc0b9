"""Downloads as a stage of a corpus's way, in the place of the library's own bars."""

from functools import partial
from pathlib import PurePosixPath
from typing import Any

from textgen.corpus.progress import Watch


def download_bar(watch: Watch, path: str) -> Any:
    """Return what `huggingface_hub` makes its progress bars of, telling a watch of the bytes.

    Args:
        watch: is told.
        path: of the file in its repository.
    """
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        """A bar that is never drawn."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options, disable=True)
            self._advance = partial(watch.advance, f"fetching {PurePosixPath(path).name}")

        def update(self, n: float | None = 1) -> bool | None:
            """Take in that so many bytes have come."""
            self._advance(int(n or 0), int(self.total) if self.total else None)
            return None

    return Bar
