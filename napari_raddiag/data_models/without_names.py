"""Lines about files without the names of files and folders, which may hold a patient's name.

Made for our own lines, "path: what is wrong; what to do". Where it is in doubt it takes too much away, not too little;
what a folder is called inside a sentence, without a quote or a slash, it cannot know. Knows no Qt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

A_FILE = "a file"
GONE = "..."
_QUOTED = re.compile(r"""(?<!\w)'[^']*'(?!\w)|"[^"]*\"""")
_PATH_AND_COLON = re.compile(r".*[/\\].*?: ")
_SEPARATOR = re.compile(r"[/\\]")


def line_without_names(line: str) -> str:
    """A line that begins with a path and a colon, such as an error of the reader, with the path as `A_FILE`.

    What stands before the first colon always goes; a line without one is taken for a reason.
    """
    _, colon, rest = line.partition(": ")
    if not colon:
        return reason_without_names(line)
    # As long as a slash and a colon come after it, the colon was part of the path.
    return f"{A_FILE}: {reason_without_names(_PATH_AND_COLON.sub('', rest))}"


def reason_without_names(reason: str, names: Iterable[str] = ()) -> str:
    """What is wrong with a file, without the names given, what stands in quotes, and everything from the first path on.

    Args:
        reason: As in a list of files that gave no scan.
        names: Of files that are known to be spoken of.
    """
    for name in sorted(filter(None, set(names)), key=len, reverse=True):
        reason = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, reason)
    reason = _QUOTED.sub(GONE, reason)
    found = _SEPARATOR.search(reason)
    return reason if found is None else f"{reason[: found.start()].rpartition(' ')[0]} {GONE}".strip()
