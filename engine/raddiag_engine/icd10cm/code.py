"""How a code is written."""

from __future__ import annotations

import re

# The second character is a digit but for QA0, new in 2026.
CODE = re.compile(r"[A-Z][0-9A][0-9A-Z](\.[0-9A-Z]{1,4})?")


def dotted(code: str) -> str:
    """A code as the tabular list writes it: upper case, with the dot after the category; ranges keep their dash."""
    plain = code.strip().upper().replace(".", "")
    return plain if len(plain) <= 3 or "-" in plain else f"{plain[:3]}.{plain[3:]}"
