"""Comments inside compressed pixels, which may name a patient: overwritten with zeros, so that no length changes.

JPEG and JPEG-LS (ITU-T T.81, T.87): COM and application segments; JFIF, Adobe and HP segments stay, as decoders take
the colour space from them. JPEG 2000 (T.800): COM segments of the main and of the tile-part headers. Of both, what
stands behind the end of the stream. Of run lengths and the like, what belongs to no pixel.
"""

from __future__ import annotations

import struct
import zlib
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

from raddiag_engine.reading.dicom.frame_codecs import (
    DEFLATED_IMAGE_FRAME,
    ENCAPSULATED_UNCOMPRESSED,
    RLE_HEADER,
    PixelLayout,
)

JPEG = frozenset({*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes})
JPEG_2000 = frozenset({*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL})
WITHOUT_COMMENTS = frozenset({*RLETransferSyntaxes, DEFLATED_IMAGE_FRAME, ENCAPSULATED_UNCOMPRESSED})
ITEM = b"\xfe\xff\x00\xe0"
STREAM_STARTS = (b"\xff\xd8", b"\xff\x4f")
MOST_SEGMENTS = 15
COM, EOI, SOS = 0xFE, 0xD9, 0xDA
APPLICATION = range(0xE0, 0xF0)
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# What decoders go by, with all the bytes that it may have.
KEPT_SEGMENTS = {b"JFIF\0": 14, b"Adobe": 12, b"mrfx": 5}
J2K_COM, J2K_SOT, J2K_SOD, J2K_EOC = 0x64, 0x90, 0x93, 0xD9


def without_comments(pixel_data: bytes, syntax: UID, frame_count: int, layout: PixelLayout) -> bytes:
    """Encapsulated pixel data (PS3.5 A.4) with its comments overwritten.

    Raises:
        ValueError: It is of a kind whose comments are not known, such as a video, a stream is damaged, there are more
            streams than frames, or the offset table is none.
    """
    if syntax not in WITHOUT_COMMENTS and syntax not in JPEG and syntax not in JPEG_2000:
        raise ValueError(f"its pixels are {syntax.name}, inside of which words may be hidden")
    cleaned = bytearray(pixel_data)
    if syntax in WITHOUT_COMMENTS:
        streams = [[fragment] for fragment in _fragments(pixel_data)]
    else:
        streams = list(_streams(pixel_data))
    if len(streams) > frame_count:
        raise ValueError(f"it holds {len(streams)} pictures and announces {frame_count}")
    for parts in streams:
        stream = bytearray(b"".join(pixel_data[start:end] for start, end in parts))
        if syntax in WITHOUT_COMMENTS:
            _clean_packed(stream, syntax, layout)
        elif stream[:2] not in STREAM_STARTS:
            raise ValueError("its pixels do not begin as a JPEG stream does")
        elif stream.startswith(b"\xff\xd8"):
            _clean_jpeg(stream)
        else:
            _clean_jpeg_2000(stream)
        at = 0
        for start, end in parts:
            cleaned[start:end] = stream[at : at + end - start]
            at += end - start
    return bytes(cleaned)


def _fragments(pixel_data: bytes) -> list[tuple[int, int]]:
    """Where the fragments begin and end; the first item, the offset table, is none.

    Raises:
        ValueError: One is cut off, or the table holds anything but the places of fragments.
    """
    fragments = []
    at = 0
    while pixel_data.startswith(ITEM, at):
        length = int.from_bytes(pixel_data[at + 4 : at + 8], "little")
        if at + 8 + length > len(pixel_data):
            raise ValueError("its pixels are cut off")
        fragments.append((at + 8, at + 8 + length))
        at += 8 + length
    if not fragments:
        raise ValueError("its pixels are not in fragments")
    (start, end), *rest = fragments
    places = {begin - 8 - end for begin, _ in rest}
    table = pixel_data[start:end]
    if len(table) % 4 or not places.issuperset(place for (place,) in struct.iter_unpack("<L", table)):
        raise ValueError("its table of frames is damaged")
    return rest


def _streams(pixel_data: bytes) -> Iterator[list[tuple[int, int]]]:
    """The fragments of each stream, which begins as such streams do."""
    stream: list[tuple[int, int]] = []
    for start, end in _fragments(pixel_data):
        if stream and pixel_data[start : start + 2] in STREAM_STARTS:
            yield stream
            stream = []
        stream.append((start, end))
    if stream:
        yield stream


def _clean_packed(stream: bytearray, syntax: UID, layout: PixelLayout) -> None:
    """Blank what stands behind the pixels of one frame that is stored as it is, deflated or run-length coded."""
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        _blank(stream, layout.frame_bytes, len(stream))
    elif syntax == DEFLATED_IMAGE_FRAME:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        inflater.decompress(bytes(stream), layout.frame_bytes + 1)
        _blank(stream, len(stream) - len(inflater.unused_data), len(stream))
    else:
        _clean_run_lengths(stream, layout)


def _clean_run_lengths(stream: bytearray, layout: PixelLayout) -> None:
    """Blank the unused part of an RLE header, and what stands between and behind its segments (PS3.5 annex G)."""
    count, *offsets = RLE_HEADER.unpack_from(stream)
    starts = offsets[:count]
    if not 1 <= count <= MOST_SEGMENTS or starts != sorted(starts) or starts[0] < RLE_HEADER.size:
        raise ValueError("its RLE header is damaged")
    _blank(stream, 4 * (count + 1), starts[0])
    segment_bytes = -(-layout.frame_bytes // count)
    for start, end in zip(starts, (*starts[1:], len(stream)), strict=True):
        at, decoded = start, 0
        while at < end and decoded < segment_bytes:
            control = stream[at]
            # 128 is no operation; above it one byte is repeated, below it bytes follow as they are.
            decoded += 0 if control == 128 else 257 - control if control > 128 else control + 1
            at += 1 if control == 128 else 2 if control > 128 else control + 2
        _blank(stream, at, end)


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
