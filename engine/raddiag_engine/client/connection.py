"""HTTP to one service: addresses, tokens, certificates, and what goes wrong said in words. It knows no cases."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from raddiag_engine.client.errors import Cause, EngineError
from raddiag_engine.client.open_sockets import OpenSockets
from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.reports import Refusal
from raddiag_engine.protocol.strict_json import read_object
from raddiag_engine.protocol.version import protocol_mismatch

if TYPE_CHECKING:
    import httpx2

# Shorter than the service keeps a connection open.
KEEP_ALIVE_SECONDS = 30.0
CONNECT_SECONDS = 5.0
_CAUSES: dict[int, Cause] = {401: "token", 413: "too large", 429: "full", 507: "full", 503: "full", 500: "fault"}


class RefusedRequest(EngineError):
    """The service's own refusal.

    Attributes:
        refusal: Code, message, missing voxels.
    """

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(refusal.message, _CAUSES.get(status, "refused"))
        self.refusal = refusal


class Connection:
    """Requests to one service; safe from several threads.

    Args:
        url: Such as "http://127.0.0.1:40123" or "https://gpu.hospital.example:8443".
        token: Of the launch, or a named one.
        ca_file: Certificates to trust, PEM; None for those of the system.
        timeout_seconds: Of silence, after which the service counts as down.

    Raises:
        ConfigError: The URL is none, or would send scans and token unencrypted to another machine.
    """

    def __init__(self, url: str, token: str, *, ca_file: Path | None = None, timeout_seconds: float = 30.0) -> None:
        self.url = checked_url(url)
        self._token = token
        self._ca_file = ca_file
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._http: httpx2.Client | None = None
        self._speaks_our_protocol = False
        self._sockets = OpenSockets()
        self._hung_up = False
        self._under_way = 0

    def close(self) -> None:
        """Close the sockets; the connection opens again when it is used."""
        with self._lock:
            http, self._http = self._http, None
            self._speaks_our_protocol = False
        if http is not None:
            http.close()

    def hang_up(self) -> None:
        """Close for good, from any thread: what is under way and what is asked later fails with `EngineError`."""
        with self._lock:
            self._hung_up = True
            idle = not self._under_way
        self._sockets.shut()
        if idle:  # else whoever is the last to fail closes
            self.close()

    def data(
        self, method: str, path: str, *, body: bytes | Iterable[bytes] | None = None, length: int | None = None
    ) -> dict[str, Any]:
        """The JSON that a request is answered with.

        Args:
            method: Of HTTP.
            path: Begins with "/v1/".
            body: Of the request; in parts if it is large.
            length: Of a body in parts.

        Raises:
            RefusedRequest: By the service, which says why.
            EngineError: It cannot be reached, or speaks another protocol.
        """
        content = self.content(method, path, body=body, length=length)
        try:
            return read_object(content) if content else {}
        except ProtocolError as error:
            raise EngineError(f"{self.url} does not answer like a RadDiag engine ({error})", "version") from error

    def content(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Iterable[bytes] | None = None,
        length: int | None = None,
        timeout_seconds: float | None = None,
    ) -> bytes:
        """The body that a request is answered with.

        Arguments and errors are those of `data`; `timeout_seconds` stands in for the connection's own.
        """
        with self._answer(method, path, body, length, timeout_seconds) as response:
            return response.read()

    def lines(self, path: str) -> Iterator[dict[str, Any] | None]:
        """The lines of JSON of a stream as they come, None for empty ones; errors are those of `data`."""
        with self._answer("GET", path) as response:
            for line in response.iter_lines():
                yield read_object(line.encode("utf-8")) if line.strip() else None

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        length: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[httpx2.Response]:
        import httpx2

        headers: Mapping[str, str] = {} if length is None else {"Content-Length": str(length)}
        timeout = httpx2.Timeout(timeout_seconds or self._timeout_seconds, connect=CONNECT_SECONDS)
        extensions = {"trace": self._sockets.trace}
        with self._counted():
            try:
                http = self._client()
                self._check_protocol(http, timeout)
                with http.stream(
                    method, path, content=body, headers=headers, timeout=timeout, extensions=extensions
                ) as response:
                    self._check(response)
                    yield response
            except RaddiagError:
                raise
            except Exception as error:
                # Whatever a request says whose sockets were shut under it.
                if self._hung_up:
                    raise self._closed() from error
                if isinstance(error, httpx2.TransportError):
                    raise self._failed(error) from error
                raise

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            if self._hung_up:
                raise self._closed()
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                last = self._hung_up and not self._under_way
            if last:
                self.close()

    def _closed(self) -> EngineError:
        return EngineError(f"the engine at {self.url} was stopped or restarted meanwhile; ask again", "down")

    def _failed(self, error: httpx2.TransportError) -> EngineError:
        import httpx2

        if isinstance(error, httpx2.ConnectError):
            return self._unreachable(error)
        if isinstance(error, httpx2.TimeoutException):
            return EngineError(f"the engine at {self.url} does not answer; start it again", "down")
        why = "hung up, as it was stopped or ended; ask again once it is ready"
        return EngineError(f"the engine at {self.url} {why}", "down")

    def _check_protocol(self, http: httpx2.Client, timeout: httpx2.Timeout) -> None:
        """Before anything else is said, so that no message is misread."""
        if self._speaks_our_protocol:
            return
        response = http.get("/v1/health", timeout=timeout, extensions={"trace": self._sockets.trace})
        self._check(response)
        try:
            data = read_object(response.content)
        except ProtocolError:
            data = {}
        mismatch = protocol_mismatch(data.get("protocol"), data.get("package"), self.url)
        if mismatch is not None:
            raise EngineError(mismatch, "version")
        self._speaks_our_protocol = True

    def _check(self, response: httpx2.Response) -> None:
        if response.is_success:
            return
        try:
            refusal = from_mapping(Refusal, read_object(response.read()))
        except (ProtocolError, ConfigError):
            status = f"HTTP status {response.status_code}"
            if response.status_code == 503:
                raise EngineError(f"the engine at {self.url} has too many clients; try again later", "full") from None
            raise EngineError(f"{self.url} does not answer like a RadDiag engine ({status})", "version") from None
        raise RefusedRequest(response.status_code, refusal)

    def _client(self) -> httpx2.Client:
        with self._lock:
            if self._http is None:
                import httpx2

                self._http = httpx2.Client(
                    base_url=self.url,
                    headers={"Authorization": f"Bearer {self._token}", "Accept-Encoding": "identity"},
                    limits=httpx2.Limits(max_connections=32, keepalive_expiry=KEEP_ALIVE_SECONDS),
                    verify=self._certificates(),
                    trust_env=False,  # no proxy sees a scan, and none stands before 127.0.0.1
                )
            return self._http

    def _certificates(self) -> ssl.SSLContext | bool:
        if not self.url.startswith("https:"):
            return False  # nothing is verified where nothing is encrypted, and loading a store takes time
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise EngineError(f"{self._ca_file}: not a file of certificates (PEM)", "certificate") from error

    def _unreachable(self, error: Exception) -> EngineError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
                return EngineError(
                    f"the certificate of {self.url} is not trusted; name the file of its authority's certificates "
                    "(--ca-file, or in the viewer's preferences)",
                    "certificate",
                )
            cause = cause.__cause__ or cause.__context__
        return EngineError(f"there is no engine at {self.url}; start it with `raddiag serve`", "down")


def checked_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ConfigError: It is not http(s)://HOST[:PORT], or http to another machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query or parts.username:
        raise ConfigError(f"{url!r} is no address of an engine; it looks like https://HOST:PORT")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ConfigError(f"{url}: scans are sent to other machines over https only")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
