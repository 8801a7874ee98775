"""What a message calls a file, whose name and folders may spell out the patient."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

HIDDEN = "…"


def shown_path(path: Path, names: Collection[str]) -> str:
    """The path without the words that name somebody.

    Args:
        path: Relative to what the user gave.
        names: Words of names and identifiers, upper case.
    """
    return re.sub(r"[^\W_]+", lambda match: HIDDEN if match[0].upper() in names else match[0], str(path))
