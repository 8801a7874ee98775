"""Where the service may listen: on this machine with a token, beyond it only with TLS and named tokens."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ConfigError

LOOPBACK = "127.0.0.1"
HTTPS_PORT = 443


@dataclass(frozen=True)
class Listening:
    """An address, and what protects it.

    Attributes:
        host: Address or name to bind.
        port: 0 for a free one.
        tls_cert: Certificate chain, PEM.
        tls_key: Its key, PEM.
        tokens_file: Named tokens; None for the launch's own.
        names: Host names by which clients may ask for it, beside `host`.

    Raises:
        ConfigError: It would be open beyond this machine without TLS and named tokens, or half of a pair is missing.
    """

    host: str = LOOPBACK
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tokens_file: Path | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("--tls-cert and --tls-key belong together; give both")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port {self.port}: choose one from 1 to 65535, or 0 for a free one")
        if not self.is_local and (self.tls_cert is None or self.tokens_file is None):
            raise ConfigError(
                f"will not listen on {self.host} without --tls-cert, --tls-key and --tokens: beyond this machine, "
                "scans go encrypted and to known clients only"
            )
        if self._is_wildcard and not self.names:
            raise ConfigError(f"{self.host} is every address of this machine; say by which --name clients ask for it")
        if self.tls_cert is not None and self.tls_key is not None:
            _check_certificate(self.tls_cert, self.tls_key)

    @property
    def is_local(self) -> bool:
        """True if only programs on this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def scheme(self) -> str:
        """Of its URL."""
        return "http" if self.tls_cert is None else "https"

    def bind(self) -> socket.socket:
        """A socket that is bound but does not listen yet.

        Raises:
            ConfigError: The address is taken or not of this machine.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            # With the protocol said: asyncio then sends small answers at once, instead of 40 ms later.
            listener = socket.socket(family, kind, protocol)
            if os.name == "posix":  # elsewhere it would let another program take the address
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {self.host}, port {self.port} ({error.strerror}); choose others"
            ) from None
        return listener

    def authorities(self, port: int) -> tuple[str, ...]:
        """The values of the Host header that are this service, its own URL's first."""
        hosts = self.names if self._is_wildcard else (*self.names, self.host)
        with_port = [f"{_bracketed(host)}:{port}".lower() for host in hosts]
        default = [_bracketed(host).lower() for host in hosts if port == HTTPS_PORT and self.tls_cert is not None]
        return tuple(dict.fromkeys((*with_port, *default)))

    @property
    def _is_wildcard(self) -> bool:
        return self.host in ("", "0.0.0.0", "::")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _check_certificate(certificate: Path, key: Path) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"{certificate}: not a certificate with the key {key} ({reason})") from None
