"""A server elsewhere, acted: it reports as an engine does, or refuses, or hangs; it keeps a list of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from raddiag_engine.configuration import to_mapping
from raddiag_engine.models.card import read_card
from raddiag_engine.models.registry import find_model
from raddiag_engine.protocol.reports import DeviceReport, ModelEntry, ModelList, health

DEVICE = DeviceReport("cuda:0 (GPU)", "bfloat16", "GPU", 10**10, 10**9, 0.2, "warm-up")


class ActedServer:
    """What it answers.

    Attributes:
        url: Of it.
        asked: Method and path of every request.
        hangs: While set, nothing is answered.
        token_is_wrong: Every request is refused.
        health: Its report.
        garbage: Given in place of the card, if not empty.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.hangs = threading.Event()
        self.ended = threading.Event()
        self.token_is_wrong = False
        self.health = health("ready", None, 0, 8, 0)
        self.garbage = b""

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.token_is_wrong:
            return 401, json.dumps({"code": "wrong_token", "message": "the token is wrong"}).encode()
        if path.endswith("/card") and self.garbage:
            return 200, self.garbage
        reports: dict[str, Any] = {
            "/v1/health": self.health,
            "/v1/device": DEVICE,
            "/v1/models": ModelList((ModelEntry("demo", "bundled", True),)),
        }
        report = reports.get(path) or read_card(find_model("demo") / "card.json")
        return 200, json.dumps(to_mapping(report)).encode()


@contextmanager
def acted_server() -> Iterator[ActedServer]:
    """A server on this machine, which a viewer takes for one elsewhere."""
    acted = ActedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            acted.asked.append(f"{self.command} {self.path}")
            while acted.hangs.is_set() and not acted.ended.wait(0.05):
                continue
            status, body = acted.answer(self.path)
            with suppress(OSError):  # the client did not wait
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_PUT = do_POST = do_GET

        def log_message(self, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    acted.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield acted
    finally:
        acted.ended.set()
        server.shutdown()
        server.server_close()
