"""Requests to the hub's endpoint: the probe, and the description of a dataset."""

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from textgen.corpus.hub.hub_dataset import COMMIT, HubName
from textgen.corpus.hub.hub_errors import OFFLINE, translated
from textgen.errors import UsageError, brief

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo

PROBE_SECONDS = 5
ANSWER_SECONDS = 10  # for each attempt


def is_offline() -> bool:
    """Return whether HF_HUB_OFFLINE=1 or HF_DATASETS_OFFLINE=1 forbids requests."""
    import datasets
    from huggingface_hub import constants

    return bool(constants.is_offline_mode() or datasets.config.HF_HUB_OFFLINE)


def probe() -> None:
    """Check that the hub answers, since the library would wait for minutes.

    The request runs in its own thread, because the look-up of a name has no time limit.

    Raises:
        ConnectionError: there is no answer.
    """
    from huggingface_hub import constants

    outcome: queue.SimpleQueue[str] = queue.SimpleQueue()
    arguments = (constants.ENDPOINT, outcome.put)
    threading.Thread(target=_report_problem, args=arguments, daemon=True).start()
    try:
        trouble = outcome.get(timeout=PROBE_SECONDS)
    except queue.Empty:
        trouble = f"no answer in {PROBE_SECONDS} s"
    if trouble:
        raise ConnectionError(
            f"{constants.ENDPOINT}: {trouble}; check the network and HF_ENDPOINT; {OFFLINE}"
        )


def ask(name: HubName) -> "DatasetInfo":
    """Return the hub's description of a dataset at a revision: its commit, files and card.

    Raises:
        UsageError: no dataset can have this id.
        MissingInput: no such dataset or revision, or no access to it.
        ConnectionError: no proper answer, even after the library's retries.
    """
    from huggingface_hub import DatasetInfo, constants
    from huggingface_hub.utils import (
        HFValidationError,
        build_hf_headers,
        hf_raise_for_status,
        http_backoff,
        validate_repo_id,
    )

    url = f"{constants.ENDPOINT}/api/datasets/{name.id}/revision/{quote(name.revision, safe='')}"
    try:
        validate_repo_id(name.id)
        response = http_backoff("GET", url, headers=build_hf_headers(), timeout=ANSWER_SECONDS)
        hf_raise_for_status(response)
        info = DatasetInfo(**response.json())  # type: ignore[no-untyped-call]  # it has no types
    except HFValidationError as error:
        raise UsageError(f"{name}: {brief(error)}") from None
    except Exception as error:  # errors of the transport and the library have no common class
        raise translated(str(name), error) from None
    if not COMMIT.fullmatch(str(info.sha)):
        raise ConnectionError(f"{constants.ENDPOINT}: not the answer of a hub; check HF_ENDPOINT")
    return info


def _report_problem(endpoint: str, report: Callable[[str], None]) -> None:
    """Report the error of a request, or an empty text if there is an answer."""
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint, timeout=PROBE_SECONDS, follow_redirects=False)
    except Exception as error:  # of any class: there is no answer
        report(brief(error))
    else:
        report("")
