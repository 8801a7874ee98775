"""Who may use the service: tokens, kept as hashes and compared in constant time.

A tokens file has one line a client, `name:sha256`, where sha256 is that of the token; tokens are 256 bits from the
system's random numbers, so that a plain hash cannot be turned back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ConfigError

TOKEN_BYTES = 32
MIN_TOKEN_CHARACTERS = 32
LAUNCH = "launch"
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9a-f]{64})")


class Tokens:
    """Names of clients and hashes of their tokens.

    Args:
        hashes: Name -> SHA-256 of its token.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)

    @classmethod
    def of_launch(cls, token: str) -> Tokens:
        """The one token of a service that is used by whoever started it.

        Raises:
            ConfigError: It is too short to be safe.
        """
        if len(token) < MIN_TOKEN_CHARACTERS:
            raise ConfigError(f"the token has {len(token)} characters; use at least {MIN_TOKEN_CHARACTERS} random ones")
        return cls({LAUNCH: _hash(token)})

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Those of a tokens file.

        Raises:
            ConfigError: It cannot be read, is empty, or has another line than `name:sha256`; the line is not quoted.
        """
        return cls(_read(path))

    def owner_of(self, token: str) -> str | None:
        """Name of the client with this token; None if there is none. Takes as long for every token."""
        presented, owner = _hash(token), None
        for name, known in self._hashes.items():
            if hmac.compare_digest(presented, known):
                owner = name
        return owner


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def add_token(path: Path, name: str) -> str:
    """Add a client to a tokens file, which is made if it is not there.

    Args:
        path: Of the file.
        name: Of the client; one that is there gets a new token.

    Returns:
        The token, which is kept nowhere.

    Raises:
        ConfigError: The name is not one word of letters, digits, dots and dashes, or the file cannot be used.
    """
    token = new_token()
    if not _LINE.fullmatch(f"{name}:{_hash(token)}"):
        raise ConfigError(f"{name!r} is no name of a client; use letters, digits, dots and dashes")
    hashes = {**(_read(path) if path.exists() else {}), name: _hash(token)}
    try:
        with atomic_path(path) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text("".join(f"{name}:{known}\n" for name, known in hashes.items()), encoding="ascii")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); choose another file") from error
    return token


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: the tokens cannot be read ({error.__class__.__name__}); see `raddiag serve`"
        ) from None
    hashes = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ConfigError(f"{path}: line {number} is not name:sha256; add clients with --add-token NAME")
        hashes[found[1]] = found[2]
    if not hashes:
        raise ConfigError(f"{path}: holds no token; add one with --add-token NAME")
    return hashes


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
