"""A request's body, read within its announced length and not slower than it may be."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.replies import Refused


@dataclass(frozen=True)
class Body:
    """What was received.

    Attributes:
        data: All of it.
        sha256: Of it.
    """

    data: bytearray
    sha256: str


def announced_length(request: Request) -> int:
    """Content-Length, which the gate has checked."""
    return int(request.headers["content-length"])


async def read_body(request: Request, limits: ServiceLimits) -> Body:
    """Read and hash the body.

    Raises:
        Refused: It stalls, is too slow, or is not of the announced length.
    """
    length = announced_length(request)
    data, digest, filled = bytearray(length), hashlib.sha256(), 0
    deadline = time.monotonic() + limits.stalled_body_seconds + length / limits.body_bytes_per_second
    chunks = request.stream()
    try:
        while filled < length:
            seconds = min(limits.stalled_body_seconds, deadline - time.monotonic())
            async with asyncio.timeout(max(seconds, 0)):
                chunk = await anext(chunks)
            if filled + len(chunk) > length:
                raise Refused(400, "wrong_length", "the body is longer than it says")
            data[filled : filled + len(chunk)] = chunk
            digest.update(chunk)
            filled += len(chunk)
    except TimeoutError:
        raise Refused(408, "too_slow", "the body came too slowly; try again") from None
    except (ClientDisconnect, StopAsyncIteration):
        raise Refused(400, "wrong_length", "the body is shorter than it says") from None
    return Body(data, digest.hexdigest())
