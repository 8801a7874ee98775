"""The case after this one, in a folder of cases."""

from __future__ import annotations

import os
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

    "case 2" comes before "case 10"; hidden entries do not count. Lists the folder, so it is for the background.

    Returns:
        None for a case of several paths, or whose folder cannot be listed.
    """
    if len(paths) != 1:
        return None
    path = paths[0].absolute()
    try:
        is_folder = path.is_dir()
        with os.scandir(path.parent) as entries:
            # What each entry is comes with the listing: no question to a share for every one of hundreds of cases.
            beside = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir() == is_folder]
    except OSError:  # the folder is gone, or may not be listed any more
        return None
    if path.name not in beside:
        return None
    beside.sort(key=_natural)
    index = beside.index(path.name)
    following = path.with_name(beside[index + 1]) if index + 1 < len(beside) else None
    return CasePlace(index + 1, len(beside), following)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name
