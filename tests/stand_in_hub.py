"""A stand-in for the Hugging Face hub on 127.0.0.1: what the libraries ask for, and no more."""

import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LATER = "fedcba9876543210fedcba9876543210fedcba98"
TOKEN = "hf_of_the_stand_in"
Files = dict[str, bytes]
_ROUTE = re.compile(
    r"/(?:datasets/(?P<file>[^/]+/[^/]+)/resolve/(?P<at>[^/]+)/(?P<path>.+)"
    r"|api/datasets/(?P<set>[^/]+/[^/]+)(?:/(?P<verb>[^/]+)/(?P<revision>[^/]+)/?(?P<folder>.*))?)"
)


@dataclass
class HubRepository:
    """A data set: files by commit, commits by branch.

    Attributes:
        access: "public", "private" or "gated", for those who have no `TOKEN`.
    """

    commits: dict[str, Files]
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    access: str = "public"

    def commit(self, revision: str) -> str | None:
        return self.branches.get(revision, revision if revision in self.commits else None)


@dataclass
class Fault:
    """What goes wrong with requests whose "METHOD /path" a pattern is found in.

    Attributes:
        kind: the status of the answer; "cut" or "reset", in the middle of the body.
        times: how often, before all is well.
    """

    pattern: str
    kind: int | str
    times: int = 1_000_000
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class StandInHub:
    """A hub that answers.

    Attributes:
        requests: "METHOD /path" of each so far.
    """

    endpoint: str
    sets: dict[str, HubRepository]
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def fault(self, request: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and re.search(fault.pattern, request):
                fault.times -= 1
                return fault
        return None


@contextmanager
def stand_in_hub(sets: dict[str, HubRepository]) -> Iterator[StandInHub]:
    """Serve data sets by name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    hub = StandInHub(f"http://127.0.0.1:{server.server_port}", sets)
    server.hub = hub  # type: ignore[attr-defined]  # the way to a handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent_hub() -> Iterator[str]:
    """Accept connections and never answer; yields the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def dead_endpoint() -> str:
    """Return an endpoint that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        self.hub: StandInHub = self.server.hub  # type: ignore[attr-defined]  # put there above
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        self.fault = self.hub.fault(self.hub.requests[-1])
        if self.fault and isinstance(self.fault.kind, int):
            self._send(self.fault.kind, b"", self.fault.headers)
        elif route := _ROUTE.fullmatch(urlsplit(self.path).path):
            self._answer({key: unquote(value or "") for key, value in route.groupdict().items()})
        else:
            self._send(404, b"", {})

    do_HEAD = do_POST = do_GET

    def _answer(self, asked: dict[str, str]) -> None:
        found = self.hub.sets.get(asked["file"] or asked["set"])
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if found is None or (found.access == "private" and not known):
            self._refuse(401, "RepoNotFound")
        elif found.access == "gated" and not known and asked["file"]:
            self._refuse(403 if "Authorization" in self.headers else 401, "GatedRepo")
        elif (commit := found.commit(asked["at"] or asked["revision"] or "main")) is None:
            self._refuse(404, "RevisionNotFound")
        elif asked["file"]:
            self._file(found.commits[commit], commit, asked["path"])
        elif asked["verb"] in ("tree", "paths-info"):
            self._json(_tree(found.commits[commit], asked["folder"].strip("/")))
        else:
            self._json(_info(asked["set"], commit, found.commits[commit]))

    def _file(self, files: Files, commit: str, path: str) -> None:
        if path not in files:
            self._refuse(404, "EntryNotFound", {"X-Repo-Commit": commit})
        else:
            tag = f'"{commit[:8]}-{path.replace("/", "-")}"'
            first, last = self._range(len(files[path]))
            status = 206 if "Range" in self.headers else 200
            headers = {"ETag": tag, "X-Repo-Commit": commit}
            if status == 206:
                headers["Content-Range"] = f"bytes {first}-{last}/{len(files[path])}"
            self._send(status, files[path][first : last + 1], headers)

    def _range(self, size: int) -> tuple[int, int]:
        """Return the first and the last byte that are asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        assert asked is not None
        return int(asked[1]), min(int(asked[2] or size), size - 1)

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"", {"X-Error-Code": code, **(headers or {})})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: len(body) // 2] if self.fault else body)
        if self.fault and self.fault.kind == "reset":
            self.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Write no log."""


def _info(name: str, commit: str, files: Files) -> dict[str, object]:
    """Describe a set as the hub does."""
    card = re.search(rb"^license: (.+)$", files.get("README.md", b""), re.MULTILINE)
    data = {"license": card[1].decode()} if card else {}
    siblings = [{"rfilename": path} for path in files]
    return {"id": name, "sha": commit, "siblings": siblings, "cardData": data}


def _tree(files: Files, folder: str) -> list[dict[str, object]]:
    """List the files and folders of a folder as the hub does."""
    below = [PurePosixPath(path) for path in files if PurePosixPath(folder) in _above(path)]
    here = [path for path in below if str(path.parent) == (folder or ".")]
    folders = {str(above) for path in below for above in path.parents if above.name} - {folder}
    return [
        {"type": "file", "path": str(path), "size": len(files[str(path)]), "oid": "0" * 40}
        for path in here
    ] + [
        {"type": "directory", "path": path, "size": 0, "oid": "0" * 40}
        for path in sorted(folders)
        if str(PurePosixPath(path).parent) == (folder or ".")
    ]


def _above(path: str) -> tuple[PurePosixPath, ...]:
    return tuple(PurePosixPath(path).parents)
