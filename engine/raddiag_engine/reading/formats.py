"""What a file is, told from its first bytes; names and suffixes are not trusted."""

from __future__ import annotations

import gzip
import zlib
from enum import StrEnum
from pathlib import Path

from raddiag_engine.errors import ReadError

PEEK_BYTES = 1024
DICOM_PREAMBLE_BYTES = 128
NIFTI1_HEADER_BYTES = 348
EXECUTABLE_MAGIC = {b"MZ": "a Windows", b"\x7fELF": "a Linux", b"\xcf\xfa\xed\xfe": "a macOS", b"#!": "a script"}
# The element (0002,0002) with the SOP class of a DICOMDIR.
DICOMDIR_CLASS = b"\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10"
UNREAD_ARCHIVE_MAGIC = {b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard"}


class FileFormat(StrEnum):
    """The formats there is a reader for."""

    DICOM = "DICOM"
    NIFTI = "NIfTI"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    NPY = "NPY"
    DICOMDIR = "DICOMDIR"
    ZIP = "zip"
    TAR = "tar"


CONTAINERS = frozenset({FileFormat.DICOMDIR, FileFormat.ZIP, FileFormat.TAR})


def detect_format(path: Path) -> FileFormat:
    """The format of a file, by its content.

    Raises:
        ReadError: The file is empty, unreadable, executable or of a format that is not read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(PEEK_BYTES)
    except OSError as error:
        raise ReadError(path, f"cannot be opened: {error.strerror or error}") from error
    return format_of_head(path, head)


def format_of_head(path: Path, head: bytes) -> FileFormat:
    """The format of a file whose first `PEEK_BYTES` bytes, or all it has, are `head`.

    Raises:
        ReadError: It is empty, executable or of a format that is not read.
    """
    if not head:
        raise ReadError(path, "the file is empty")
    found = format_of_bytes(head) or _format_inside_gzip(head)
    if found is None:
        raise ReadError(path, _why_unknown(head))
    if found in (FileFormat.DICOM, FileFormat.DICOMDIR):
        _refuse_executable_preamble(path, head)
    return found


def format_of_bytes(head: bytes) -> FileFormat | None:
    """The format that begins with these bytes, None if it is not one of ours."""
    if head[DICOM_PREAMBLE_BYTES : DICOM_PREAMBLE_BYTES + 4] == b"DICM":
        return FileFormat.DICOMDIR if DICOMDIR_CLASS in head else FileFormat.DICOM
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileFormat.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return FileFormat.JPEG
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return FileFormat.TIFF
    if head.startswith(b"\x93NUMPY"):
        return FileFormat.NPY
    if _is_nifti(head):
        return FileFormat.NIFTI
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return FileFormat.ZIP
    if head[257:262] == b"ustar":
        return FileFormat.TAR
    if _may_be_dicom_without_preamble(head):
        return FileFormat.DICOM
    return None


def _is_nifti(head: bytes) -> bool:
    """NIfTI-1 has its magic at byte 344 of a 348-byte header, NIfTI-2 at byte 4 of a 540-byte one."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _may_be_dicom_without_preamble(head: bytes) -> bool:
    """True if the bytes begin with an element of group 0002 or 0008; the DICOM reader then looks closer."""
    little = head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0"
    big = head[:2] in (b"\0\x02", b"\0\x08") and head[2:3] == b"\0"
    return len(head) > DICOM_PREAMBLE_BYTES and (little or big)


def _format_inside_gzip(head: bytes) -> FileFormat | None:
    if not head.startswith(b"\x1f\x8b"):
        return None
    try:
        inside = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, PEEK_BYTES)
    except (zlib.error, gzip.BadGzipFile):
        return None
    found = format_of_bytes(inside)
    return found if found in (FileFormat.NIFTI, FileFormat.TAR) else None


def _refuse_executable_preamble(path: Path, head: bytes) -> None:
    for magic, system in EXECUTABLE_MAGIC.items():
        if head.startswith(magic):
            raise ReadError(path, f"its preamble is {system} program; such a file is not opened")


def _why_unknown(head: bytes) -> str:
    for magic, system in EXECUTABLE_MAGIC.items():
        if head.startswith(magic):
            return f"is {system} program; such a file is not opened"
    for magic, archive in UNREAD_ARCHIVE_MAGIC.items():
        if head.startswith(magic):
            return f"is a {archive} archive; unpack it and give the folder"
    if len(head) >= NIFTI1_HEADER_BYTES and head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c"):
        return "is an Analyze 7.5 file, which does not say how the patient lies; convert it to NIfTI"
    return f"unknown format; read are {', '.join(FileFormat)}"
