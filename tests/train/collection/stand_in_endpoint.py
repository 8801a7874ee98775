"""An OpenAI-compatible endpoint on this machine, for tests: real HTTP, answers by rule, and every way to fail."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from raddiag_train.collection.prompts import PROMPTS
from tests.train.collection import made_up_collection as made_up

_TITLE = re.compile(r"^Title: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Reply:
    """What is sent back.

    Attributes:
        content: Of the message, for status 200 without a body.
        status: Of HTTP.
        body: Sent as it is, instead of a message.
        headers: Further ones.
        hang_up: Close in the middle of the body.
    """

    content: str = ""
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    number: int
    title: str
    prompt: str
    headers: dict[str, str]
    text: str


def truthful(asked: Asked) -> Reply:
    """The answer of a good model that is sometimes wrong: see `made_up_collection`."""
    prompt = next(prompt for prompt in PROMPTS if prompt.name == asked.prompt)
    if asked.title in made_up.NONSENSE:
        return Reply("As a language model I like kidneys.")
    positive = asked.title in made_up.DISORDERS
    if asked.title in made_up.DISAGREED:
        positive = prompt is PROMPTS[0]
    if asked.title in made_up.WRONGLY_KEPT + made_up.WRONGLY_LEFT_OUT:
        positive = not positive
    return Reply(f"{(prompt.positive if positive else prompt.negative).capitalize()}.")


class StandIn:
    """The running endpoint.

    Attributes:
        url: Its base.
        answer: What it answers; may be changed at any time.
        asked: All requests so far.
        most_at_once: Requests that were under way together.
    """

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Reply] = truthful
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.url = ""
        self._at_once = 0
        self._lock = threading.Lock()

    def wait_until_quiet(self, quiet_seconds: float = 0.5) -> None:
        """Until nothing more comes of what a client that has given up had already sent."""
        seen = -1
        while seen != len(self.asked) or self._at_once:
            seen = len(self.asked)
            time.sleep(quiet_seconds)

    def reply_to(self, headers: dict[str, str], body: bytes) -> Reply:
        """Note the request and answer it."""
        data: dict[str, Any] = json.loads(body)
        text = "\n".join(message["content"] for message in data["messages"])
        found = _TITLE.search(text)
        prompt = next(prompt.name for prompt in PROMPTS if prompt.instruction in text)
        with self._lock:
            asked = Asked(len(self.asked) + 1, found.group(1) if found else "", prompt, headers, body.decode())
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self.answer(asked)
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def stand_in_endpoint() -> Iterator[StandIn]:
    """An endpoint on a free port of the loopback interface."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/chat/completions":
                self._send(Reply(status=404, body=b'{"error": {"message": "no such path"}}'))
                return
            with suppress(ConnectionError):  # the client may have gone
                self._send(stand_in.reply_to(dict(self.headers), body))

        def _send(self, reply: Reply) -> None:
            message = {"choices": [{"message": {"role": "assistant", "content": reply.content}}]}
            body = json.dumps(message).encode() if reply.body is None else reply.body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.hang_up:
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
