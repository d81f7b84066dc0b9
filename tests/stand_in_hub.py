"""A stand-in for the Hugging Face hub on 127.0.0.1: what `datasets` asks for, and no more."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Files = dict[str, bytes]


@contextmanager
def stand_in_hub(sets: dict[str, Files]) -> Iterator[str]:
    """Serve data sets, each a dictionary of paths and contents; yields the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].strip("/")
            for name, files in sets.items():
                for prefix in (f"datasets/{name}/resolve/", f"api/datasets/{name}"):
                    if path.startswith(prefix):
                        self._answer(name, files, path.removeprefix(prefix).strip("/"), prefix)
                        return
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

        do_HEAD = do_POST = do_GET

        def _answer(self, name: str, files: Files, rest: str, prefix: str) -> None:
            parts = PurePosixPath(rest).parts
            if prefix.startswith("datasets/"):
                self._file(files, parts[0], "/".join(parts[1:]))
            elif parts[:1] == ("tree",) or parts[:1] == ("paths-info",):
                self._json(_tree(files, "/".join(parts[2:])))
            elif len(parts) > 1 and parts[1] not in ("main", COMMIT):
                self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            else:
                self._json(
                    {"id": name, "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]}
                )

        def _file(self, files: Files, revision: str, path: str) -> None:
            if revision not in ("main", COMMIT):
                self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif path not in files:
                self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            else:
                self._send(200, files[path], {"ETag": f'"{path}"', "X-Repo-Commit": COMMIT})

        def _json(self, value: object) -> None:
            self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tree(files: Files, folder: str) -> list[dict[str, object]]:
    """List the files of a folder as the hub does."""
    return [
        {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
        for path, data in files.items()
        if str(PurePosixPath(path).parent) in (folder, folder or ".")
    ] + [
        {"type": "directory", "path": top, "size": 0, "oid": "0" * 40}
        for top in sorted({PurePosixPath(p).parts[0] for p in files if "/" in p})
        if not folder
    ]
