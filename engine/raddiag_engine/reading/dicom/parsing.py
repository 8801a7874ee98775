"""Parsing a DICOM file with a bound on what comes out: an element of nothing costs microseconds and kilobytes too."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import IO, Any

from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.uid import DeflatedExplicitVRLittleEndian

from raddiag_engine.errors import ReadError

# A full header has some hundreds beside its sequences.
MOST_ELEMENTS = 50_000
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
HEAD_BYTES = 1024
GROUP_LENGTH, META_START = slice(140, 144), 144
CODED_BYTES, PART_BYTES = 2**16, 2**20
# Pictures that are nearly black reach 1000 : 1; a small one may.
MAX_RATIO, FREE_BYTES = 200, 2**24


def parse(path: Path, *, with_pixels: bool) -> tuple[FileDataset, bool]:
    """The data set of a file, and whether it has no preamble, so that it is parsed on trust.

    Raises:
        ReadError: It holds too many elements, or is deflated to next to nothing.
        Exception: Whatever pydicom raises on a damaged file.
    """
    with path.open("rb") as file:
        check_inflated_size(path, file)
        try:
            return _parsed(path, file, with_pixels, force=False), False
        except InvalidDicomError:
            file.seek(0)
            return _parsed(path, file, with_pixels, force=True), True


def _parsed(path: Path, file: IO[bytes], with_pixels: bool, force: bool) -> FileDataset:
    count = 0

    def stop(tag: Any, vr: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS:
            raise ReadError(path, f"holds more than {MOST_ELEMENTS} elements, as a damaged file or a bomb does")
        return not with_pixels and tag in PIXELS

    return read_partial(file, stop_when=stop, force=force)


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
