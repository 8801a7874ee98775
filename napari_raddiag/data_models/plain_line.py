"""What files and headers call things, as plain text that can do nothing to the lines around it. Knows no Qt."""

from __future__ import annotations

import re
import unicodedata

LONGEST_RUN = 30
"""Letters that fit beside each other in the narrowest panel."""
BREAK = "\u200b"
_RUN = re.compile(rf"([^\s/\\{BREAK}]{{{LONGEST_RUN}}})(?=[^\s/\\{BREAK}])")


def one_line(name: str) -> str:
    """A name without line breaks and without the signs that turn text round, each as a space."""
    plain = "".join(" " if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") else letter for letter in name)
    return " ".join(plain.split())


def breakable(text: str) -> str:
    """The text with invisible places to break in words too long for a line, such as the names of some files."""
    return _RUN.sub(rf"\1{BREAK}", text)
