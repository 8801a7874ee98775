"""Small JSON files that only the user can read, whole or not there at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import atomic_path
from raddiag_engine.models.user_folder import user_folder

USER_ONLY = 0o600


def viewer_folder() -> Path:
    """Where the viewer keeps its own files."""
    return user_folder() / "viewer"


def write_private(path: Path, data: dict[str, Any]) -> None:
    """Write JSON with rights for this user only (on Windows the profile folder's own rights hold).

    Raises:
        OSError: It cannot be written.
    """
    text = json.dumps(data, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with atomic_path(path) as temporary:
        # Private from its first byte on.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, USER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def read_private(path: Path, schema: int) -> dict[str, Any] | None:
    """The file's data; None if it is not there, damaged, or of another schema: no reason to trouble a reader."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("schema") == schema else None
