"""Decoders of ours, for frames that none of pydicom's plugins decodes: each gives the bytes of an uncompressed frame.

Deflated frames, encapsulated frames without compression, run-length coded bits, 12-bit JPEG (through GDCM, which
decodes it exactly, but which pydicom does not ask); where imagecodecs is installed, JPEG XL and 6- and 7-bit JPEG-LS.
"""

from __future__ import annotations

import importlib.util
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import JPEGExtended12Bit, JPEGLSTransferSyntaxes, RLELossless

DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
# Not in pydicom's dictionary.
JPEG_XL = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
NAMES = {DEFLATED_IMAGE_FRAME: "Deflated Image Frame Compression", **JPEG_XL}
RLE_HEADER = struct.Struct("<16I")
JPEGLS_BITS_GDCM_FAILS_ON = (6, 7)


@dataclass(frozen=True)
class PixelLayout:
    """The image pixel module of a file, as far as it says how many bytes a frame has.

    Attributes:
        rows: (0028,0010).
        columns: (0028,0011).
        samples: (0028,0002).
        bits_allocated: (0028,0100).
        bits_stored: (0028,0101).
        signed: (0028,0103).
        photometric: (0028,0004).
    """

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame; bits are packed."""
        return -(-self.rows * self.columns * self.samples * self.bits_allocated // 8)


Codec = Callable[[bytes, PixelLayout], bytes]


def layout_of(dataset: Dataset) -> PixelLayout:
    """The layout that a file announces."""
    allocated = int(dataset.get("BitsAllocated", 8))
    return PixelLayout(
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        samples=int(dataset.get("SamplesPerPixel", 1)),
        bits_allocated=allocated,
        bits_stored=int(dataset.get("BitsStored", allocated)),
        signed=int(dataset.get("PixelRepresentation", 0)) == 1,
        photometric=str(dataset.get("PhotometricInterpretation", "")),
    )


def codec_for(transfer_syntax: str, layout: PixelLayout) -> tuple[str, Codec] | None:
    """The name of a decoder of ours and the decoder, None if pydicom's plugins are to be asked."""
    if transfer_syntax == DEFLATED_IMAGE_FRAME:
        return "zlib", _inflated
    if transfer_syntax == ENCAPSULATED_UNCOMPRESSED:
        return "raddiag", _as_it_is
    if transfer_syntax == RLELossless and layout.bits_allocated == 1:
        return "raddiag", _unpacked_bits_of_rle
    if transfer_syntax == JPEGExtended12Bit and layout.bits_stored > 8 and layout.samples == 1:
        return "gdcm", _extended_jpeg
    if transfer_syntax in JPEG_XL:
        return _codec_for_jpeg_xl(transfer_syntax, layout)
    if transfer_syntax in JPEGLSTransferSyntaxes and layout.bits_stored in JPEGLS_BITS_GDCM_FAILS_ON:
        return ("imagecodecs", _short_jpegls) if importlib.util.find_spec("imagecodecs") else None
    return None


def native_frame(
    pixels: bytes | BinaryIO, index: int, options: Mapping[str, Any], codec: Codec, layout: PixelLayout
) -> bytes:
    """The bytes of one frame, decompressed, little endian.

    Args:
        pixels: The value of the pixel data, or a file of it.
        index: Zero-based number of the frame.
        options: As `pydicom.pixels.as_pixel_options` gives them.
        codec: From `codec_for`.
        layout: Of the file.

    Raises:
        ValueError, EOFError, zlib.error, and what the libraries raise: The frame is damaged or of another length.
    """
    offsets = options.get("extended_offsets")
    coded = get_frame(pixels, index, number_of_frames=options["number_of_frames"], extended_offsets=offsets)
    plain = codec(bytes(coded), layout)
    if len(plain) < layout.frame_bytes:
        raise EOFError(f"the frame decodes to {len(plain)} bytes of {layout.frame_bytes}")
    return plain[: layout.frame_bytes]


def _codec_for_jpeg_xl(transfer_syntax: str, layout: PixelLayout) -> tuple[str, Codec]:
    if not importlib.util.find_spec("imagecodecs"):
        raise ValueError(f"there is no decoder for {JPEG_XL[transfer_syntax]}; install imagecodecs")
    if layout.samples > 1 and layout.photometric != "RGB":
        raise ValueError(f"its colours are {layout.photometric} in {JPEG_XL[transfer_syntax]}, which is not read")
    return "imagecodecs", _jpeg_xl


def _jpeg_xl(coded: bytes, layout: PixelLayout) -> bytes:
    import imagecodecs

    pixels = imagecodecs.jpegxl_decode(coded)
    if pixels.shape[:2] != (layout.rows, layout.columns) or 8 * pixels.dtype.itemsize != layout.bits_allocated:
        raise ValueError(f"the code stream holds {pixels.shape} pixels of {8 * pixels.dtype.itemsize} bits")
    return bytes(pixels.tobytes())


def _as_it_is(coded: bytes, layout: PixelLayout) -> bytes:
    return coded


def _inflated(coded: bytes, layout: PixelLayout) -> bytes:
    # Bounded: what is announced, and not a byte of a bomb more.
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(coded, layout.frame_bytes)


def _unpacked_bits_of_rle(coded: bytes, layout: PixelLayout) -> bytes:
    """One PackBits segment (PS3.5 annex G) of eight pixels a byte."""
    segments, start = RLE_HEADER.unpack_from(coded)[:2]
    if segments != 1:
        raise ValueError(f"{segments} RLE segments for pixels of one bit, which have 1")
    out = bytearray()
    at = start
    while at < len(coded) and len(out) < layout.frame_bytes:
        control = coded[at]
        if control < 128:
            out += coded[at + 1 : at + 2 + control]
            at += 2 + control
        elif control > 128:
            out += coded[at + 1 : at + 2] * (257 - control)
            at += 2
        else:
            at += 1
    return bytes(out)


def _extended_jpeg(coded: bytes, layout: PixelLayout) -> bytes:
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(coded)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((layout.columns, layout.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(layout.photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))))
    bits = layout.bits_stored
    image.SetPixelFormat(gdcm.PixelFormat(1, layout.bits_allocated, bits, bits - 1, int(layout.signed)))
    decoded = image.GetBuffer()
    if decoded is None:
        raise ValueError("GDCM cannot decode this 12-bit JPEG frame")
    # GDCM hands bytes out as a str.
    return decoded.encode("utf-8", "surrogateescape")


def _short_jpegls(coded: bytes, layout: PixelLayout) -> bytes:
    import imagecodecs

    return imagecodecs.jpegls_decode(coded).tobytes()
