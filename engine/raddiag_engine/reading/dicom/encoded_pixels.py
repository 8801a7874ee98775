"""The pixel data of a DICOM file as they stand there, whole or read frame by frame.

A file of many frames is not held in memory beside what is decoded from it.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydicom.datadict import tag_for_keyword

from raddiag_engine.errors import ReadError

Items = tuple[tuple[int, int], ...]

PIXEL_DATA = tag_for_keyword("PixelData") or 0
UNDEFINED = 0xFFFFFFFF
ITEM, DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
ITEM_HEAD = struct.Struct("<HHL")
# What may follow: padding and signatures, in either byte order. Whatever else does is a reason to look closer: pixels
# that are longer than stated may be shifted.
FOLLOWING = {b"\xfc\xff\xfc\xff", b"\xff\xfc\xff\xfc", b"\xfa\xff\xfa\xff", b"\xff\xfa\xff\xfa"}
# A hundred thousand frames, each of some fragments.
MOST_ITEMS = 1_000_000


@dataclass(frozen=True)
class PixelPlace:
    """Where the value of Pixel Data (7FE0,0010) stands in a file.

    Attributes:
        start: Of its first byte.
        length: In bytes, None if it ends with a delimiter.
        vr: "OB" or "OW"; "OW" where the file does not say.
    """

    start: int
    length: int | None
    vr: str


@dataclass(frozen=True)
class EncodedPixels:
    """The value of Pixel Data.

    Attributes:
        value: Its bytes, or a file that gives them.
        length: In bytes.
        vr: As in `PixelPlace`.
        items: Of encapsulated pixels, (offset from the first fragment, length) of each fragment; None if they are not,
            or if this is not known.
    """

    value: bytes | FileSection
    length: int
    vr: str
    items: Items | None = None

    def frame_offsets(self, frame_count: int) -> tuple[list[int], list[int]] | None:
        """Offsets and lengths of frames of one fragment each: a table of the file, which may be wrong, is not asked."""
        if self.items is None or len(self.items) != frame_count or frame_count == 1:
            return None
        return [offset for offset, _ in self.items], [length for _, length in self.items]


class FileSection(io.BufferedIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._file = path.open("rb")
        self._start, self._length, self._at = start, length, 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The place in the section."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the section."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes up to the end of the section."""
        left = max(self._length - self._at, 0)
        self._file.seek(self._start + self._at)
        found = self._file.read(left if size is None or size < 0 else min(size, left))
        self._at += len(found)
        return found


def encoded_pixels(path: Path, place: PixelPlace, *, whole: bool) -> EncodedPixels | None:
    """The value of Pixel Data.

    Args:
        path: The file.
        place: Where it stands.
        whole: As bytes; else as a file, which reads what is asked for.

    Returns:
        None where only parsing the file tells what it is: it does not end where it should, or more follows it than
        padding and signatures.

    Raises:
        EOFError: The file ends before it.
        ReadError: It is in a million fragments.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        items, length = None, place.length
        if length is None:
            found = _items(path, file, place.start)
            if found is None:
                return None
            items, length = found
        end = place.start + length + (0 if items is None else ITEM_HEAD.size)
        file.seek(end)
        if file.read(4) not in {b"", *FOLLOWING} or file.seek(0, io.SEEK_END) < end:
            return None
        if not whole:
            return EncodedPixels(FileSection(path, place.start, length), length, place.vr, items)
        file.seek(place.start)
        return EncodedPixels(file.read(length), length, place.vr, items)


def _items(path: Path, file: IO[bytes], start: int) -> tuple[Items, int] | None:
    """The fragments after the basic offset table, and the length of all up to the delimiter."""
    file.seek(start)
    items: list[tuple[int, int]] = []
    at = start
    while True:
        head = file.read(ITEM_HEAD.size)
        if len(head) < ITEM_HEAD.size:
            raise EOFError("the file ends before its pixels do")
        group, element, length = ITEM_HEAD.unpack(head)
        if (group, element) == DELIMITER and items:
            first = items[0][0] + ITEM_HEAD.size + items[0][1]
            return tuple((offset - first, size) for offset, size in items[1:]), at - start
        if (group, element) != ITEM or length == UNDEFINED:
            return None
        items.append((at, length))
        if len(items) > MOST_ITEMS:
            raise ReadError(path, f"its pixels are in more than {MOST_ITEMS} fragments, as of a damaged file or a bomb")
        at += ITEM_HEAD.size + length
        file.seek(at)
