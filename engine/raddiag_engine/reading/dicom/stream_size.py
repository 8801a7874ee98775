"""The size of a picture as its code stream says it: decoders that are told another one give pixels in the wrong places.

JPEG and JPEG-LS say it in the frame header (ITU-T T.81 B.2.2, T.87 C.2.2), JPEG 2000 in the SIZ segment (T.800 A.5.1).
"""

from __future__ import annotations

JPEG_START, JPEG_2000_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
# SOF0 to SOF15 without DHT, JPG and DAC, and SOF55 of JPEG-LS.
FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
START_OF_SCAN = 0xDA
# Of the SIZ segment, from the start of the stream: the grid's size, then the picture's offset in it.
WIDTH, HEIGHT, LEFT, TOP = (slice(at, at + 4) for at in (8, 12, 16, 20))


def size_in_stream(stream: bytes) -> tuple[int, int] | None:
    """(rows, columns) in the header of a code stream, None if it has none that is known, or leaves the rows open."""
    if stream.startswith(JPEG_2000_START):
        width, height, left, top = (int.from_bytes(stream[part], "big") for part in (WIDTH, HEIGHT, LEFT, TOP))
        return height - top, width - left
    return _of_jpeg(stream) if stream.startswith(JPEG_START) else None


def check_size_in_stream(stream: bytes, rows: int, columns: int) -> None:
    """Compare the size in a code stream with that in the header of the file.

    Raises:
        ValueError: They differ.
    """
    found = size_in_stream(stream)
    if found is not None and found != (rows, columns):
        size = " x ".join(map(str, found))
        raise ValueError(f"its code stream holds {size} pixels, and its header announces {rows} x {columns}")


def _of_jpeg(stream: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in FRAME_HEADERS:
            rows, columns = (int.from_bytes(stream[i : i + 2], "big") for i in (at + 5, at + 7))
            return (rows, columns) if rows and columns else None
        if marker == START_OF_SCAN:
            return None
        if marker == 0xFF:  # filling
            at += 1
        elif marker in WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None
