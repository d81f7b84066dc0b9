"""The hub's endpoint: whether anybody answers there, and what it knows of a set."""

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
ANSWER_SECONDS = 10  # for each try


def is_offline() -> bool:
    """Tell whether the user forbids to ask the hub: HF_HUB_OFFLINE=1 or HF_DATASETS_OFFLINE=1."""
    import datasets
    from huggingface_hub import constants

    return bool(constants.is_offline_mode() or datasets.config.HF_HUB_OFFLINE)


def probe() -> None:
    """Find out whether anybody answers, before the library waits for minutes for nobody.

    The request runs in a thread of its own, because looking a name up has no time limit.

    Raises:
        ConnectionError: nobody does.
    """
    from huggingface_hub import constants

    outcome: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_knock, args=(constants.ENDPOINT, outcome.put), daemon=True).start()
    try:
        trouble = outcome.get(timeout=PROBE_SECONDS)
    except queue.Empty:
        trouble = f"no answer in {PROBE_SECONDS} s"
    if trouble:
        raise ConnectionError(
            f"{constants.ENDPOINT}: {trouble}; check the network and HF_ENDPOINT; {OFFLINE}"
        )


def ask(name: HubName) -> "DatasetInfo":
    """Ask the hub what it knows of a set at a revision: its commit, files and card.

    Raises:
        UsageError: no set can have this id.
        MissingInput: there is no such set or revision, or it is not for this user.
        ConnectionError: no proper answer, not after the library's retries either.
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
    except Exception as error:  # the transport's have no class in common with the library's
        raise translated(str(name), error) from None
    if not COMMIT.fullmatch(str(info.sha)):
        raise ConnectionError(f"{constants.ENDPOINT}: not the answer of a hub; check HF_ENDPOINT")
    return info


def _knock(endpoint: str, tell: Callable[[str], None]) -> None:
    """Tell what goes wrong with a request; nothing, if there is any answer."""
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint, timeout=PROBE_SECONDS, follow_redirects=False)
    except Exception as error:  # whatever it is, nobody answered
        tell(brief(error))
    else:
        tell("")
