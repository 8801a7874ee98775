"""The case after this one, in a folder of cases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CasePlace:
    """Where a case stands among those beside it.

    Attributes:
        number: Counted from 1.
        count: Cases in the folder.
        next: The one after it; None after the last one.
    """

    number: int
    count: int
    next: Path | None


def place_of(paths: tuple[Path, ...]) -> CasePlace | None:
    """The place of a case that is one folder among folders, or one file among files, in natural order.

    "case 2" comes before "case 10"; hidden entries do not count.

    Returns:
        None for a case of several paths, or whose folder cannot be listed.
    """
    if len(paths) != 1:
        return None
    path = paths[0].absolute()
    try:
        beside = [
            other
            for other in path.parent.iterdir()
            if not other.name.startswith(".") and other.is_dir() == path.is_dir()
        ]
    except OSError:  # the folder is gone, or may not be listed any more
        return None
    if path not in beside:
        return None
    beside.sort(key=lambda other: _natural(other.name))
    index = beside.index(path)
    return CasePlace(index + 1, len(beside), beside[index + 1] if index + 1 < len(beside) else None)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name
