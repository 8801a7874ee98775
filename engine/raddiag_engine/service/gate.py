"""What every request passes before anything of its body is read: Host, Origin, token, length."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from raddiag_engine.service.replies import Refused, refusal_reply
from raddiag_engine.service.tokens import Tokens

BODY_METHODS = ("PUT", "POST")
# What a viewer that is merely open asks for again and again keeps no server from its idle end.
NO_USE = ("/v1/health", "/v1/device")
Headers = list[tuple[bytes, bytes]]


class Gate:
    """ASGI middleware.

    Args:
        app: Behind it; finds the client's name in `request.state.owner`.
        tokens: Who may pass.
        authorities: Accepted values of the Host header.
        scheme: Of the service's own origins.
        max_body_bytes: Path -> largest body.

    Attributes:
        open_requests: Being answered.
        last_request_at: End of the last one that was of use, on the monotonic clock; looking how the engine is does
            not count.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        authorities: tuple[str, ...],
        scheme: str,
        max_body_bytes: Callable[[str], int],
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._authorities = authorities
        self._origins = tuple(f"{scheme}://{authority}" for authority in authorities)
        self._max_body_bytes = max_body_bytes
        self.open_requests = 0
        self.last_request_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it (ASGI)."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        try:
            owner = self._admit(scope)
        except Refused as refused:
            await refusal_reply(refused)(scope, receive, send)
            return
        scope.setdefault("state", {})["owner"] = owner
        self.open_requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.open_requests -= 1
            if scope["path"] not in NO_USE:
                self.last_request_at = time.monotonic()

    def _admit(self, scope: Scope) -> str:
        headers: Headers = scope["headers"]
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._authorities:
            raise Refused(421, "wrong_host", "this is not the host that was asked for; use the address as it was given")
        origins = _values(headers, b"origin")
        if origins and (len(origins) > 1 or origins[0].lower() not in self._origins):
            raise Refused(403, "wrong_origin", "requests from other web pages are refused")
        owner = self._owner(headers)
        self._check_length(headers, scope["method"], scope["path"])
        return owner

    def _owner(self, headers: Headers) -> str:
        values = _values(headers, b"authorization")
        kind, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        owner = self._tokens.owner_of(token.strip())
        if owner is None or not hmac.compare_digest(kind.lower().encode(), b"bearer"):
            raise Refused(401, "wrong_token", "the token is missing or wrong; use the one of this launch of the engine")
        return owner

    def _check_length(self, headers: Headers, method: str, path: str) -> None:
        if _values(headers, b"transfer-encoding"):
            raise Refused(411, "length_required", "say the length of the body; it is not taken in chunks")
        lengths = _values(headers, b"content-length")
        if not lengths and method not in BODY_METHODS:
            return
        if len(lengths) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
            raise Refused(411, "length_required", "say the length of the body with Content-Length")
        most = self._max_body_bytes(path) if method in BODY_METHODS else 0
        if len(lengths[0]) > 20 or int(lengths[0]) > most:
            raise Refused(413, "too_large", f"the body is larger than the {most} bytes that are taken here")


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]
