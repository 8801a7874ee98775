"""What counts as use of a server that ends when it is idle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from raddiag_engine.service.gate import Gate
from raddiag_engine.service.tokens import Tokens

TOKEN = "t" * 43


async def fine(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("path", "is_use"),
    [("/v1/health", False), ("/v1/device", False), ("/v1/models", True), ("/v1/jobs/12345678/events", True)],
)
def test_looking_how_the_engine_is_keeps_no_server_alive(path: str, is_use: bool) -> None:
    gate = Gate(fine, Tokens.of_launch(TOKEN), ("here:1",), "http", lambda path: 0)
    gate.last_request_at = 0.0
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", b"here:1"), (b"authorization", f"Bearer {TOKEN}".encode())]
    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    asyncio.run(gate(scope, receive, send))
    assert sent[0]["status"] == 200
    assert (gate.last_request_at > 0.0) is is_use
