"""Errors of the hub and its libraries, translated into ours."""

from collections.abc import Iterator

from textgen.errors import MissingInput, brief

LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
OFFLINE = "a set that was read before can be read without it: HF_HUB_OFFLINE=1"
_REMEDIES = {
    401: f"the token is not accepted; {LOG_IN}",
    403: "the token lacks the right to read it; make one that has it",
    429: f"too many requests; wait some minutes, or {LOG_IN} for a higher limit",
}


def translated(what: str, error: Exception) -> Exception:
    """Return our error for one of a request or download.

    Args:
        what: the name of the dataset or file.
        error: of `huggingface_hub` or of the HTTP library below it, whose transport errors are not
            `OSError`s.

    Returns:
        `MissingInput` for missing or forbidden data, `ConnectionError` for trouble that may pass,
        and `error` itself if it comes from this machine, such as a full disk.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    causes = list(_causes(error))
    answer = next((cause for cause in causes if isinstance(cause, HfHubHTTPError)), None)
    if isinstance(answer, GatedRepoError):
        return MissingInput(f"{what}: gated; accept its terms on its page, and {LOG_IN}")
    if isinstance(answer, RevisionNotFoundError):
        return MissingInput(f"{what}: the set has no such branch, tag or commit")
    if isinstance(answer, RepositoryNotFoundError):
        return MissingInput(f"{what}: no such data set, or a private one; {LOG_IN} for that")
    if answer is not None:
        return _answered(what, answer.response.status_code)
    if isinstance(error, OSError) and error.errno:
        return error
    reason = next((cause for cause in causes if not isinstance(cause, FileNotFoundError)), None)
    if reason is None:
        return MissingInput(f"{what}: not in the cache; read it once with the hub, not streaming")
    remedy = f"check the network and HF_ENDPOINT, and run it again; {OFFLINE}"
    return ConnectionError(f"{what}: {brief(reason)}; {remedy}")


def is_trouble(error: Exception) -> bool:
    """Return whether an error comes from a request, not from the data."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    kinds = (HfHubHTTPError, LocalEntryNotFoundError, httpx2.HTTPError, ConnectionError)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def untried(error: Exception) -> str:
    """Return the reason of a failure that the library does not retry; nothing for others."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError) and error.response.status_code >= 500:
        return f"the hub answers {error.response.status_code}"
    return "the connection broke" if isinstance(error, httpx2.ReadError) else ""


def _answered(what: str, status: int) -> Exception:
    """Return the error for an answer other than success and not found."""
    remedy = _REMEDIES.get(status, f"try again later, and check HF_ENDPOINT; {OFFLINE}")
    kind = MissingInput if status in (401, 403) else ConnectionError
    return kind(f"{what}: the hub answers {status}: {remedy}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, up to a file that the library expects to be missing."""
    from huggingface_hub.errors import RemoteEntryNotFoundError

    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, RemoteEntryNotFoundError) and cause is not error:
            return
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
