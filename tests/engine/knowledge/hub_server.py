"""A Hugging Face hub on this machine: one repository, over the interface that huggingface_hub speaks to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub_of(repository: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Inside the `with` block, the address of the hub and the files that were downloaded from it."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    given: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            resolved = f"/{repository}/resolve/{COMMIT}/"
            if path == f"/api/models/{repository}/revision/main":
                siblings = [{"rfilename": name} for name in files]
                self._json(200, {"id": repository, "sha": COMMIT, "siblings": siblings})
            elif path == f"/api/models/{repository}/tree/{COMMIT}":
                entries = [{"type": "file", "path": n, "size": len(b), "oid": _oid(b)} for n, b in files.items()]
                self._json(200, entries)
            elif path.startswith(resolved) and (name := path.removeprefix(resolved)) in files:
                if self.command == "GET":
                    given.append(name)
                headers = {"ETag": f'"{_oid(files[name])}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
                self._answer(200, files[name], "application/octet-stream", headers)
            else:
                headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
                self._answer(401, b"", "text/plain", headers)

        def _json(self, status: int, content: object) -> None:
            self._answer(status, json.dumps(content).encode(), "application/json", {})

        def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", given
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
