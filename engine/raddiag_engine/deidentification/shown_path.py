"""What a message calls a file, whose name and folders may spell out the patient."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from raddiag_engine.deidentification.identifying_words import names_somebody

HIDDEN = "…"


def shown_path(path: Path, names: Collection[str]) -> str:
    """The path without the words that name somebody.

    Args:
        path: Relative to what the user gave.
        names: Words of names and identifiers, as `words_of` writes them.
    """
    composed = unicodedata.normalize("NFC", str(path))
    return re.sub(r"[^\W_]+", lambda match: HIDDEN if names_somebody(match[0], names) else match[0], composed)
