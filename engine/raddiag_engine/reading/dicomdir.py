"""DICOMDIR, the index of a DICOM medium (PS3.10): the files it names, as far as they lie in its own folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.limits import MAX_SLICES

# PS3.10 8.2 allows A to Z, 0 to 9 and underscore; media in the wild have lower case, hyphens and dots.
COMPONENT = re.compile(r"(?!\.{1,2}$)[\w.\- ]{1,64}")


@dataclass(frozen=True)
class Index:
    """What a DICOMDIR names.

    Attributes:
        files: The files that are there.
        reason: A line for the list of skipped files, with what is missing or refused.
    """

    files: tuple[Path, ...]
    reason: str


def read_dicomdir(path: Path) -> Index:
    """The files that a DICOMDIR names; nothing outside its folder, by ".." or by a link, is ever looked at.

    Raises:
        ReadError: It is damaged or names too many files.
    """
    with as_read_error(path, "read this DICOMDIR"):
        folder, home = path.parent, path.parent.resolve()
        files: dict[Path, None] = {}
        missing: list[str] = []
        outside = 0
        for parts in _file_ids(path):
            if not parts or not all(COMPONENT.fullmatch(part) for part in parts):
                outside += 1
                continue
            found = _look_up(folder, parts)
            if found is None:
                missing.append("/".join(parts))
            elif not found.resolve().is_relative_to(home):
                outside += 1
            else:
                files[found] = None
    count = len(files) + len(missing) + outside
    reason = f"is a DICOMDIR, the index of {count} other files"
    if missing:
        reason += f"; {len(missing)} of them are missing (the first is {missing[0]})"
    if outside:
        reason += f"; {outside} of them would lie outside its folder and are not read"
    return Index(tuple(files), reason)


def _file_ids(path: Path) -> Iterator[tuple[str, ...]]:
    """ReferencedFileID (0004,1500) of every directory record, split into its components."""
    records = Header(pydicom.dcmread(path)).items("DirectoryRecordSequence")
    if len(records) > MAX_SLICES:
        raise ReadError(path, f"is a DICOMDIR of more than {MAX_SLICES} records")
    for record in records:
        parts = record.texts("ReferencedFileID")
        if len(parts) == 1 and "\\" in parts[0]:
            parts = tuple(parts[0].split("\\"))
        if parts:
            yield parts


def _look_up(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file; as it is mounted, its name may be in lower case."""
    for spelled in (parts, tuple(part.lower() for part in parts), tuple(part.upper() for part in parts)):
        candidate = folder.joinpath(*spelled)
        if candidate.is_file():
            return candidate
    return None
