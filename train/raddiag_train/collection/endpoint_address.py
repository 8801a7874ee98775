"""Where questions may be sent: this machine, or with the user's word another one, encrypted."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from raddiag_engine.errors import ConfigError

KEY_VARIABLE = "RADDIAG_ENDPOINT_KEY"
_PATH = "/chat/completions"


def chat_address(url: str, *, allow_remote: bool = False, allow_plain_http: bool = False) -> str:
    """The address of the chat completions of an OpenAI-compatible endpoint.

    Args:
        url: Its base, such as http://127.0.0.1:8000/v1, or the full address.
        allow_remote: True if the articles may leave this machine.
        allow_plain_http: True if they may do so unencrypted.

    Raises:
        ConfigError: It is no such address, or sends what it may not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError(f"{url!r} is no address of an endpoint; it looks like http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"--endpoint takes no name, key or query in the address; the key stands in {KEY_VARIABLE}")
    if not _is_this_machine(host):
        if not allow_remote:
            raise ConfigError(
                f"{url}: is another machine; titles and texts of the articles would be sent there (nothing of the "
                "patients); allow it with --allow-remote"
            )
        if parts.scheme == "http" and not allow_plain_http:
            raise ConfigError(f"{url}: would be sent unencrypted; use https, or allow it with --allow-plain-http")
    base = url.rstrip("/")
    return base if base.endswith(_PATH) else base + _PATH


def read_key(variable: str = KEY_VARIABLE) -> str:
    """The endpoint's key from the environment; empty where none is set, which local endpoints accept.

    Raises:
        ConfigError: It is no key; it is not quoted.
    """
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{variable}: holds no key; a key is one word of letters, digits and signs")
    return key


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
