"""The token for a service that somebody else started: from a file or the environment, never from an argument."""

from __future__ import annotations

import os
from pathlib import Path

from raddiag_engine.errors import ConfigError

TOKEN_VARIABLE = "RADDIAG_TOKEN"


def read_token(path: Path | None = None) -> str:
    """The first line of a file, or the environment variable RADDIAG_TOKEN where no file is named.

    Raises:
        ConfigError: The file cannot be read, or there is no token; neither is quoted.
    """
    if path is None:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise ConfigError(f"the server needs a token; set {TOKEN_VARIABLE}, or name a file that holds it")
    else:
        try:
            token = path.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise ConfigError(f"{path}: the token cannot be read ({reason}); name a file that holds it") from None
    if not token or not token.isascii() or not token.isprintable():
        raise ConfigError(f"{path or TOKEN_VARIABLE}: holds no token; a token is one line of letters and digits")
    return token
