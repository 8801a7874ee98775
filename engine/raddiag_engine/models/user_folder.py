"""Where a user's own data live: pulled models. Free of torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HOME_VARIABLE = "RADDIAG_HOME"


def user_folder() -> Path:
    """The per-user data folder; `RADDIAG_HOME` overrides the platform's rule.

    Windows: %LOCALAPPDATA%; macOS: ~/Library/Application Support; elsewhere $XDG_DATA_HOME or ~/.local/share (XDG base
    directory specification 0.8: a path that is not absolute is ignored).
    """
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        xdg = Path(os.environ.get("XDG_DATA_HOME", ""))
        base = xdg if xdg.is_absolute() else Path.home() / ".local" / "share"
    return base / "raddiag"
