"""The case after this one, in a folder of cases."""

from __future__ import annotations

import re
from pathlib import Path


def next_case(paths: tuple[Path, ...]) -> Path | None:
    """The next folder beside a case that is one folder, or the next file beside a case that is one file.

    In natural order ("case 2" before "case 10"); hidden entries do not count.

    Returns:
        None after the last one, or if the case was made of several paths.
    """
    if len(paths) != 1:
        return None
    path = paths[0].absolute()
    try:
        siblings = [
            other
            for other in path.parent.iterdir()
            if not other.name.startswith(".") and other.is_dir() == path.is_dir()
        ]
    except OSError:  # the folder is gone, or may not be listed any more
        return None
    later = [other for other in siblings if _natural(other.name) > _natural(path.name)]
    return min(later, key=lambda other: _natural(other.name), default=None)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name
