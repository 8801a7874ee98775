"""Comments inside compressed pixels, which may name a patient: overwritten with zeros, so that no length changes.

JPEG and JPEG-LS (ITU-T T.81, T.87): COM and application segments; JFIF, Adobe and HP segments stay, as decoders take
the colour space from them. JPEG 2000 (T.800): COM segments of the main and of the tile-part headers. Of both, what
stands behind the end of the stream.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLETransferSyntaxes,
)

from raddiag_engine.reading.dicom.frame_codecs import DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED

JPEG = frozenset({*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes})
JPEG_2000 = frozenset({*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL})
WITHOUT_COMMENTS = frozenset({*RLETransferSyntaxes, DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED})
ITEM = b"\xfe\xff\x00\xe0"
STREAM_STARTS = (b"\xff\xd8", b"\xff\x4f")
COM, EOI, SOS = 0xFE, 0xD9, 0xDA
APPLICATION = range(0xE0, 0xF0)
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# What decoders go by, with all the bytes that it may have.
KEPT_SEGMENTS = {b"JFIF\0": 14, b"Adobe": 12, b"mrfx": 5}
J2K_COM, J2K_SOT, J2K_SOD, J2K_EOC = 0x64, 0x90, 0x93, 0xD9


def without_comments(pixel_data: bytes, syntax: UID) -> bytes:
    """Encapsulated pixel data (PS3.5 A.4) with its comments overwritten.

    Raises:
        ValueError: It is of a kind whose comments are not known, such as a video, or a stream is damaged.
    """
    if syntax in WITHOUT_COMMENTS:
        return pixel_data
    if syntax not in JPEG and syntax not in JPEG_2000:
        raise ValueError(f"its pixels are {syntax.name}, inside of which words may be hidden")
    cleaned = bytearray(pixel_data)
    for parts in _streams(pixel_data):
        stream = bytearray(b"".join(pixel_data[start:end] for start, end in parts))
        if stream[:2] not in STREAM_STARTS:
            raise ValueError("its pixels do not begin as a JPEG stream does")
        _clean_jpeg(stream) if stream.startswith(b"\xff\xd8") else _clean_jpeg_2000(stream)
        at = 0
        for start, end in parts:
            cleaned[start:end] = stream[at : at + end - start]
            at += end - start
    return bytes(cleaned)


def _streams(pixel_data: bytes) -> Iterator[list[tuple[int, int]]]:
    """Where the fragments of each stream lie; the first item, the offset table, is none."""
    fragments = []
    at = 0
    while pixel_data.startswith(ITEM, at):
        length = int.from_bytes(pixel_data[at + 4 : at + 8], "little")
        if at + 8 + length > len(pixel_data):
            raise ValueError("its pixels are cut off")
        fragments.append((at + 8, at + 8 + length))
        at += 8 + length
    stream: list[tuple[int, int]] = []
    for start, end in fragments[1:]:
        if stream and pixel_data[start : start + 2] in STREAM_STARTS:
            yield stream
            stream = []
        stream.append((start, end))
    if stream:
        yield stream


def _clean_jpeg(stream: bytearray) -> None:
    at = 2
    while at + 2 <= len(stream):
        if stream[at] != 0xFF:
            raise ValueError("its JPEG stream is damaged")
        marker = stream[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == EOI:
            _blank(stream, at + 2, len(stream))
            return
        if marker in WITHOUT_LENGTH:
            at += 2
            continue
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == COM or (marker in APPLICATION and not _is_kept(stream, at + 4, end)):
            _blank(stream, at + 4, end)
        at = _end_of_coded_data(stream, end) if marker == SOS else max(end, at + 4)


def _is_kept(stream: bytearray, start: int, end: int) -> bool:
    return any(stream.startswith(name, start) and end - start <= most for name, most in KEPT_SEGMENTS.items())


def _end_of_coded_data(stream: bytearray, at: int) -> int:
    """Where the next marker stands; in coded data 0xFF is followed by less than 0x80, or is a restart marker."""
    while (at := stream.find(b"\xff", at)) >= 0 and at + 1 < len(stream):
        following = stream[at + 1]
        if following >= 0x80 and following not in WITHOUT_LENGTH and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    return len(stream)


def _clean_jpeg_2000(stream: bytearray) -> None:
    at = 2
    tile_part_end = 0
    while at + 4 <= len(stream):
        if stream[at] != 0xFF:
            raise ValueError("its JPEG 2000 stream is damaged")
        marker = stream[at + 1]
        if marker == J2K_EOC:
            break
        if marker == J2K_SOD:
            if not tile_part_end:  # the last one, up to the end
                return
            at = tile_part_end
            continue
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == J2K_COM:
            _blank(stream, at + 6, end)
        elif marker == J2K_SOT:
            length = int.from_bytes(stream[at + 6 : at + 10], "big")
            if length and length < end - at:
                raise ValueError("its JPEG 2000 stream is damaged")
            tile_part_end = at + length if length else 0
        at = max(end, at + 4)
    _blank(stream, at + 2, len(stream))


def _blank(stream: bytearray, start: int, end: int) -> None:
    end = min(end, len(stream))
    if start < end:
        stream[start:end] = bytes(end - start)
