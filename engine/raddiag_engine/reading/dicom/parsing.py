"""Parsing a DICOM file with a bound on what comes out: an element of nothing costs microseconds and kilobytes too."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.encoded_pixels import PIXEL_DATA, UNDEFINED, PixelPlace

# A full header has some hundreds beside its sequences.
MOST_ELEMENTS = 50_000
PIXELS = frozenset({0x7FE00008, 0x7FE00009, PIXEL_DATA})
PIXEL_DATA_AS_WRITTEN = {b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"}
HEAD_BYTES = 1024
GROUP_LENGTH, META_START = slice(140, 144), 144
CODED_BYTES, PART_BYTES = 2**16, 2**20
# Pictures that are nearly black reach 1000 : 1; a small one may.
MAX_RATIO, FREE_BYTES = 200, 2**24


@dataclass(frozen=True)
class Parsed:
    """What a file holds.

    Attributes:
        dataset: Its elements.
        on_trust: True if it has no preamble.
        pixels: Where its pixels stand, if they were not parsed; None where only parsing them tells.
    """

    dataset: FileDataset
    on_trust: bool
    pixels: PixelPlace | None


def parse(path: Path, *, with_pixels: bool) -> Parsed:
    """The data set of a file.

    Raises:
        ReadError: It holds too many elements, or is deflated to next to nothing.
        Exception: Whatever pydicom raises on a damaged file.
    """
    with path.open("rb") as file:
        check_inflated_size(path, file)
        try:
            return _parsed(path, file, with_pixels, force=False)
        except InvalidDicomError:
            file.seek(0)
            return _parsed(path, file, with_pixels, force=True)


def _parsed(path: Path, file: IO[bytes], with_pixels: bool, force: bool) -> Parsed:
    count = 0
    stopped_at: tuple[int, str | None, int] | None = None

    def stop(tag: int, vr: str | None, length: int) -> bool:
        nonlocal count, stopped_at
        count += 1
        if count > MOST_ELEMENTS:
            raise ReadError(path, f"holds more than {MOST_ELEMENTS} elements, as a damaged file or a bomb does")
        if with_pixels or tag not in PIXELS:
            return False
        stopped_at = tag, vr, length
        return True

    dataset = read_partial(file, stop_when=stop, force=force)
    return Parsed(dataset, force, None if stopped_at is None else _place(file, *stopped_at))


def _place(file: IO[bytes], tag: int, vr: str | None, length: int) -> PixelPlace | None:
    """Where the value of the element begins that the parser stopped at; None if that was in memory (deflated)."""
    start = file.tell()
    if tag != PIXEL_DATA or file.read(4) not in PIXEL_DATA_AS_WRITTEN:
        return None
    start += 12 if vr in EXPLICIT_VR_LENGTH_32 else 8
    return PixelPlace(start, None if length == UNDEFINED else length, vr or "OW")


def check_inflated_size(path: Path, file: IO[bytes]) -> None:
    """Refuse a deflated data set that is a decompression bomb, before it is parsed; the file is at its start again.

    Raises:
        ReadError: It is.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if DeflatedExplicitVRLittleEndian.encode("ascii") not in head or head[128:132] != b"DICM":
        return
    most = max(FREE_BYTES, MAX_RATIO * path.stat().st_size)
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    file.seek(META_START + int.from_bytes(head[GROUP_LENGTH], "little"))
    try:
        while (coded := file.read(CODED_BYTES)) and not inflater.eof:
            while coded and not inflater.eof:
                total += len(inflater.decompress(coded, PART_BYTES))
                coded = inflater.unconsumed_tail
                if total > most:
                    raise ReadError(
                        path, f"its data set inflates to more than {MAX_RATIO} times its size, as a bomb does"
                    )
    except zlib.error:
        pass  # no bomb but damage, and pydicom, which reads the file next, says what is wrong with it
    file.seek(0)
