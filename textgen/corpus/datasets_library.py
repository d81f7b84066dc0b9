"""The library `datasets` of Hugging Face, imported only where it is needed."""

import os
from typing import Any

from textgen.errors import NotInstalled


def import_datasets(purpose: str) -> Any:
    """Import `datasets`, which is slow, without its progress bars and its telemetry.

    Args:
        purpose: the data that is read with it, for the error.

    Raises:
        NotInstalled: the library is not installed.
    """
    os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import datasets
        from huggingface_hub.utils import disable_progress_bars
    except ImportError:
        instead = "give .txt, .csv or .jsonl"
        raise NotInstalled(f"reading {purpose}", "datasets", "corpora", instead) from None
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # its errors reach us as exceptions
    datasets.disable_progress_bars()
    disable_progress_bars()
    return datasets
