"""What the service answers: refusals in words, data as JSON, large bodies in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from raddiag_engine.configuration import to_mapping
from raddiag_engine.protocol.reports import Refusal
from raddiag_engine.protocol.strict_json import write_object
from raddiag_engine.protocol.tensors import Part

# Scans and results are nobody else's business: not a cache's, and not a page's that guesses the address.
HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'",
}


class Refused(Exception):
    """A request that is not carried out.

    Args:
        status: Of HTTP.
        code: For programs.
        message: One line for people, with the remedy.
        missing: Of "voxels_missing".
    """

    def __init__(self, status: int, code: str, message: str, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.refusal = Refusal(code, message, tuple(missing))


def json_reply(value: Any, status: int = 200) -> Response:
    """A dataclass or plain data as JSON."""
    return Response(write_object(to_mapping(value)), status, HEADERS, "application/json")


def refusal_reply(refused: Refused) -> Response:
    """The refusal; the connection is closed, as a body may be on its way that nobody will read."""
    reply = json_reply(refused.refusal, refused.status)
    reply.headers["connection"] = "close"
    if refused.status == 401:
        reply.headers["www-authenticate"] = "Bearer"
    if refused.status == 429:
        reply.headers["retry-after"] = "5"
    return reply


class PartsReply:
    """A body in several buffers, none of which is copied into one."""

    def __init__(self, media_type: str, parts: Sequence[Part]) -> None:
        self._media_type = media_type
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (ASGI)."""
        length = sum(len(part) for part in self._parts)
        headers = {**HEADERS, "content-type": self._media_type, "content-length": str(length)}
        encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        for part in self._parts:
            for start in range(0, len(part), CHUNK_BYTES):
                await send({"type": "http.response.body", "body": part[start : start + CHUNK_BYTES], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


# Large enough to be fast, small enough that other requests are heard in between.
CHUNK_BYTES = 1024 * 1024
