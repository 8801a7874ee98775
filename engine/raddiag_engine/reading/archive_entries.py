"""What zip and tar archives hold, entry by entry; knows nothing of where it goes."""

from __future__ import annotations

import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from raddiag_engine.errors import ReadError

MAX_ENTRIES = 100_000
BYTES_AT_ONCE = 2**18
ZIP_END = struct.Struct("<4s4H2LH")
ZIP_END_MAGIC = b"PK\x05\x06"
ZIP64_END = struct.Struct("<4sQ2H2L4Q")
ZIP64_END_MAGIC = b"PK\x06\x06"
IN_ZIP64_END = 0xFFFFFFFF
LONGEST_COMMENT = 2**16
MAX_DIRECTORY_BYTES = 2**24
ENCRYPTED = 0x1
COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
TOO_MANY = f"holds more than {MAX_ENTRIES} entries; unpack it and give the folder"


@dataclass(frozen=True)
class Entry:
    """One entry of an archive.

    Attributes:
        name: Its path inside the archive, as written there.
        refusal: Why it is not unpacked, None if it may be.
        parts: Its content, part by part; to be asked for before the next entry.
    """

    name: str
    refusal: str | None
    parts: Callable[[], Iterator[bytes]]


def zip_entries(path: Path) -> Iterator[Entry]:
    """The files in a zip archive; folders are left out.

    Raises:
        ReadError: It announces too many entries.
        zipfile.BadZipFile, OSError, ...: It is damaged.
    """
    _check_zip_directory(path)
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_ENTRIES:
            raise ReadError(path, TOO_MANY)
        for info in infos:
            if not info.is_dir():
                yield Entry(info.filename, _why_not_unzipped(info), lambda info=info: _parts_of(archive.open(info)))  # type: ignore[misc]


def tar_entries(path: Path) -> Iterator[Entry]:
    """The files in a tar archive, compressed or not; folders are left out.

    Raises:
        ReadError: It has too many entries.
        tarfile.TarError, OSError, zlib.error, ...: It is damaged.
    """
    with tarfile.open(path, "r|*") as archive:
        for number, info in enumerate(archive):
            if number >= MAX_ENTRIES:
                raise ReadError(path, TOO_MANY)
            if info.isdir():
                continue
            refusal = None if info.isreg() and not info.issparse() else "are links or special files"
            yield Entry(info.name, refusal, lambda info=info: _parts_of(archive.extractfile(info)))  # type: ignore[misc]


def _why_not_unzipped(info: zipfile.ZipInfo) -> str | None:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "are links or special files"
    if info.flag_bits & ENCRYPTED:
        return "are encrypted; unpack the archive with its password"
    if info.compress_type not in COMPRESSIONS:
        return "are compressed in a way that is not read"
    return None


def _check_zip_directory(path: Path) -> None:
    """Refuse a directory of millions by its size: reading it would take the memory first."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LONGEST_COMMENT - ZIP_END.size))
        tail = file.read()
    at, at64 = tail.rfind(ZIP_END_MAGIC), tail.rfind(ZIP64_END_MAGIC)
    if at < 0 or len(tail) < at + ZIP_END.size:
        raise ReadError(path, "is a damaged zip archive: its directory is missing")
    directory_bytes = ZIP_END.unpack_from(tail, at)[5]
    if directory_bytes == IN_ZIP64_END and 0 <= at64 <= len(tail) - ZIP64_END.size:
        directory_bytes = ZIP64_END.unpack_from(tail, at64)[-2]
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise ReadError(path, TOO_MANY)


def _parts_of(file: IO[bytes] | None) -> Iterator[bytes]:
    if file is None:
        return
    with file:
        while part := file.read(BYTES_AT_ONCE):
            yield part
