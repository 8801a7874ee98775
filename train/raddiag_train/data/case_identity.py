"""What a case's prepared data are kept under: its content, found again by what the file system says of its files.

Reading 195,000 scans to know that none has changed would take hours, so that the path, size and time of a case's files
stand for the content that was read when they were last met. A data set that is moved or touched is read again, but not
prepared again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from raddiag_engine.errors import ReadError
from raddiag_train.data.records import CaseRecord

INDEX_NAME = "contents.txt"
DIGEST_CHARACTERS = 64
CHUNK_BYTES = 2**20


def status_key(record: CaseRecord) -> str:
    """SHA-256 over path, size and time of a case's files and over what the record says of them.

    Raises:
        ReadError: A file is missing.
    """
    digest = hashlib.sha256()
    for scan in record.scans:
        for path in (scan.path, *scan.masks.values()):
            try:
                for real, status in _statuses(path):
                    digest.update(repr((real, status.st_size, status.st_mtime_ns)).encode())
            except OSError as error:
                raise ReadError(path, f"cannot be opened ({error.strerror}; case {record.case_id})") from error
        digest.update(repr((str(scan.modality), str(record.anatomy_of(scan)), str(scan.plane))).encode())
    return digest.hexdigest()


def content_key(record: CaseRecord) -> str:
    """SHA-256 over the bytes of a case's files and over what the record says of them; not over their names.

    Raises:
        ReadError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for scan in record.scans:
        for path in (scan.path, *scan.masks.values()):
            try:
                for file in _files(path):
                    digest.update(_file_digest(file))
            except OSError as error:
                raise ReadError(path, f"cannot be opened ({error.strerror}; case {record.case_id})") from error
        words = (str(scan.modality), str(record.anatomy_of(scan)), str(scan.plane), len(scan.masks))
        digest.update(repr(words).encode())
    return digest.hexdigest()


class ContentIndex:
    """Status key -> content key of the cases met so far, one line each in a file that only grows.

    Args:
        folder: Of the prepared data.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / INDEX_NAME
        self._content: dict[str, str] = {}
        if self._path.is_file():
            for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
                status, _, content = line.partition(" ")
                # A process that was killed may have left half a line.
                if len(status) == len(content) == DIGEST_CHARACTERS:
                    self._content[status] = content

    def get(self, status: str) -> str | None:
        """The content key of a case that was met before, None of one that was not."""
        return self._content.get(status)

    def add(self, pairs: list[tuple[str, str]]) -> None:
        """Remember pairs of status and content key."""
        if not pairs:
            return
        self._content.update(pairs)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        begun = self._path.is_file() and self._path.stat().st_size % (2 * DIGEST_CHARACTERS + 2)
        with self._path.open("a", encoding="ascii", newline="\n") as stream:
            stream.write(("\n" if begun else "") + "".join(f"{status} {content}\n" for status, content in pairs))


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _statuses(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Real path and status of a file, asked for with one call, or of each file of a folder."""
    status = path.lstat()
    if stat.S_ISREG(status.st_mode):
        yield os.path.join(_real_folder(str(path.parent)), path.name), status  # noqa: PTH118
    elif stat.S_ISDIR(status.st_mode) or path.is_dir():
        # A slice that is overwritten leaves its folder's own time as it was.
        for file in _files(path):
            yield from _statuses(file)
    else:
        yield os.path.realpath(path), path.stat()


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _file_digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
