"""A file of a dataset on the hub."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from textgen.corpus.hub.download_bar import download_bar
from textgen.corpus.hub.hub_api import is_offline
from textgen.corpus.hub.hub_dataset import HUB, SHORT
from textgen.corpus.hub.hub_errors import translated, untried
from textgen.corpus.hub.retries import retries_logged
from textgen.files import explain_full_disk
from textgen.progress import SILENT, ProgressReporter

logger = logging.getLogger(__name__)
# Retries of downloads that the library gives up at once.
RETRIES = 3
WAIT_SECONDS = 4


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset at a commit, downloaded when it is read.

    Attributes:
        id: of the dataset, `org/name`.
        revision: the commit.
        path: in the repository.
        streaming: whether it is removed after it was read, not kept in the library's cache.
        progress: receives the bytes that have come.
    """

    id: str
    revision: str
    path: str
    streaming: bool = False
    progress: ProgressReporter = field(default=SILENT, compare=False)

    @property
    def name(self) -> str:
        """The name of the file for people."""
        return f"{HUB}{self.id}@{self.revision[:SHORT]} {self.path}"

    def fingerprint(self) -> str:
        """Return a SHA-256 of its dataset, commit and path."""
        return hashlib.sha256(f"{self.id}@{self.revision}/{self.path}".encode()).hexdigest()

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Yield its path on this machine.

        Raises:
            MissingInput: the user has no access to it, or it is not in the cache while offline.
            ConnectionError: the download failed, after all retries.
            OSError: the disk refused.
        """
        if not self.streaming or is_offline():
            yield self._fetched(None)
            return
        with tempfile.TemporaryDirectory(prefix="textgen-") as folder:
            yield self._fetched(folder)

    def _fetched(self, cache: str | None, retries: int = RETRIES) -> Path:
        """Download it if need be, to a cache folder or to the library's own."""
        try:
            return self._download(cache)
        except Exception as error:  # errors of the transport and the library have no common class
            reason = untried(error)
            if not (reason and retries):
                raise translated(self.name, error) from None
        logger.warning("%s; waiting %s s, %s retries left", reason, WAIT_SECONDS, retries)
        time.sleep(WAIT_SECONDS)
        return self._fetched(cache, retries - 1)

    def _download(self, cache: str | None) -> Path:
        """Ask the library for it once; the library repeats most requests itself."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.constants import HF_HUB_CACHE

        with retries_logged(), explain_full_disk(Path(cache or HF_HUB_CACHE)):
            path = hf_hub_download(
                self.id,
                self.path,
                repo_type="dataset",
                revision=self.revision,
                cache_dir=cache,
                local_files_only=is_offline(),
                tqdm_class=download_bar(self.progress, self.path),
            )
        return Path(path)
