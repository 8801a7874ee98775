"""The pixels of one DICOM file, decoded frame by frame, with the decoder on record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import (
    HTJ2K,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from raddiag_engine.reading.colour import is_grey, luminance, to_8_bit
from raddiag_engine.reading.dicom.encoded_pixels import EncodedPixels, FileSection, encoded_pixels
from raddiag_engine.reading.dicom.frame import Frame, Tile
from raddiag_engine.reading.dicom.frame_codecs import NAMES, PixelLayout, codec_for, layout_of, native_frame
from raddiag_engine.reading.dicom.instance import NATIVE_SYNTAXES, Instance
from raddiag_engine.reading.dicom.parsing import parse
from raddiag_engine.reading.dicom.stream_size import check_size_in_stream
from raddiag_engine.reading.failures import as_read_error, is_of_decoder

# Tried in this order: measured to decode all public samples exactly; Pillow last, which is 8-bit for JPEG.
DECODER_ORDER = ("pylibjpeg", "gdcm", "pydicom", "pillow")
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# Their code streams say how large a picture is.
HT_SYNTAXES = (HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL)
WITH_SIZE = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes, *HT_SYNTAXES)
UNCOMPRESSED = (*NATIVE_SYNTAXES, DeflatedExplicitVRLittleEndian)
# What pydicom turns into RGB, or what needs no turning; the retired others would come out in false colours.
COLOUR_SPACES = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"}


@dataclass(frozen=True)
class DecodedFrame:
    """One frame as stored, before rescaling.

    Attributes:
        stored: (row, column) stored values, or luminance of a colour frame, or the output of a modality LUT.
        colour: (row, column, 3) for display, None for a grey frame.
        decoder: What decompressed it, empty if it was not compressed.
        through_lut: True if a modality LUT was applied, so that there is nothing left to rescale.
    """

    stored: NDArray[np.generic]
    colour: NDArray[np.uint8] | None
    decoder: str
    through_lut: bool


class PixelFile:
    """The pixels of one file; of many frames, read from it one by one."""

    def __init__(self, instance: Instance) -> None:
        """Find the pixels.

        Raises:
            ReadError: The file ends before its pixels do, or, not compressed, they are not all there.
        """
        self.path = instance.path
        self._picture: DecodedFrame | None = None
        self.dataset = instance.header.dataset
        with as_read_error(self.path, "read the pixels"):
            found = self._found(instance)
            self._coded, self._keyword = self._parsed() if found is None else (found, "PixelData")
            if self._coded.items is None and self.transfer_syntax in UNCOMPRESSED:
                instance.check_length(self._coded.length, "its pixel data", instance.native_bytes)
            self._options = as_pixel_options(self.dataset, pixel_keyword=self._keyword, pixel_vr=self._coded.vr)
            offsets = self._coded.frame_offsets(instance.frame_count)
            if offsets is not None:
                self._options["extended_offsets"] = offsets

    def _found(self, instance: Instance) -> EncodedPixels | None:
        """Where the header's end says that they are."""
        if instance.pixels is None:
            return None
        # A decoder that is given all of them tells by their length whether 4:2:2 is true.
        whole = instance.frame_count == 1 or instance.colour[1] == "YBR_FULL_422"
        return encoded_pixels(self.path, instance.pixels, whole=whole)

    def _parsed(self) -> tuple[EncodedPixels, str]:
        """By parsing the file to its end."""
        self.dataset = parse(self.path, with_pixels=True).dataset
        found = [keyword for keyword in PIXEL_KEYWORDS if keyword in self.dataset]
        if not found:
            raise EOFError("the file ends before its pixels")
        if len(found) > 1:
            raise ValueError(f"it has {' and '.join(found)}, of which only one can be its pixels")
        element = self.dataset[found[0]]
        items = () if element.is_undefined_length else None
        return EncodedPixels(element.value, len(element.value), element.VR, items), found[0]

    @cached_property
    def transfer_syntax(self) -> UID:
        """(0002,0010), or what the parser found the file to be."""
        stated = getattr(self.dataset, "file_meta", {}).get("TransferSyntaxUID")
        if stated:
            return UID(stated)
        implicit, little = self.dataset.original_encoding
        if not little:
            return ExplicitVRBigEndian
        return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian

    def frame(self, frame: Frame) -> DecodedFrame:
        """Decode one frame.

        Raises:
            ReadError: No decoder reads it; the file is truncated or damaged.
        """
        if frame.tile is not None:
            return self._tile(frame, frame.tile)
        count = frame.instance.frame_count
        doing = "decode the pixels" if count == 1 else f"decode frame {frame.index + 1} of {count}"
        with as_read_error(self.path, doing):
            layout = layout_of(self.dataset)
            pixels, decoder = self._decoded(frame.index, layout)
            if layout.photometric == "PALETTE COLOR":
                return _colour_frame(_through_palette(pixels, self.dataset), 8, decoder)
            if pixels.ndim == 3:
                if layout.photometric not in COLOUR_SPACES:
                    raise ValueError(f"its colours are {layout.photometric or 'of no stated kind'}, which is not read")
                return _colour_frame(pixels, layout.bits_stored, decoder)
            through_lut = bool(self.dataset.get("ModalityLUTSequence"))
            if through_lut:
                pixels = np.asarray(apply_modality_lut(pixels, self.dataset))
            return DecodedFrame(pixels, None, decoder, through_lut)

    def _tile(self, frame: Frame, tile: Tile) -> DecodedFrame:
        """A part of the only picture, which is decoded once."""
        if self._picture is None:
            self._picture = self.frame(replace(frame, index=0, tile=None))
        part = slice(tile.row, tile.row + tile.rows), slice(tile.column, tile.column + tile.columns)
        picture = self._picture
        colour = None if picture.colour is None else picture.colour[part]
        return replace(picture, stored=picture.stored[part], colour=colour)

    def _decoded(self, index: int, layout: PixelLayout) -> tuple[NDArray[np.generic], str]:
        syntax = self.transfer_syntax
        name = NAMES.get(syntax, syntax.name)
        if syntax in WITH_SIZE:
            count, offsets = self._options["number_of_frames"], self._options.get("extended_offsets")
            stream = get_frame(self._source(), index, number_of_frames=count, extended_offsets=offsets)
            check_size_in_stream(stream, layout.rows, layout.columns)
        own = codec_for(syntax, layout)
        if own is not None:
            plain = native_frame(self._source(), index, self._options, own[1], layout)
            return _native_pixels(plain, layout), f"{own[0]} ({name})"
        decoder = get_decoder(syntax)
        if not syntax.is_encapsulated:
            return self._uncompressed(decoder, index, layout), ""
        plugins = [plugin for plugin in DECODER_ORDER if plugin in decoder.available_plugins]
        if not plugins:
            raise ValueError(f"there is no decoder for {name}")
        failures: list[str] = []
        for plugin in plugins:
            pixels, failure = _attempt(decoder, self._source(), self._options | {"index": index}, plugin)
            if pixels is not None:
                return pixels, f"{plugin} ({name})"
            failures.append(failure)
        raise ValueError(failures[0].rpartition("all available plugins:")[2])

    def _uncompressed(self, decoder: Any, index: int, layout: PixelLayout) -> NDArray[np.generic]:
        """The frame; stored bits that do not begin at bit 0 (High Bit, (0028,0102)) are moved there."""
        unused_below = int(self.dataset.get("HighBit", layout.bits_stored - 1)) + 1 - layout.bits_stored
        unused_above = layout.bits_allocated - layout.bits_stored - unused_below
        if unused_below <= 0 or unused_above < 0 or self._keyword != "PixelData":
            return np.asarray(decoder.as_array(self._source(), index=index, **self._options)[0])
        options = self._options | {"correct_unused_bits": False}
        pixels = np.asarray(decoder.as_array(self._source(), index=index, **options)[0])
        # To the top and back down, which keeps the sign.
        return np.asarray((pixels << unused_above) >> (unused_above + unused_below))

    def _source(self) -> Any:
        """The coded pixels; a file is at its start again, wherever a decoder that failed has left it."""
        value = self._coded.value
        if isinstance(value, FileSection):
            value.seek(0)
        return value


def _native_pixels(plain: bytes, layout: PixelLayout) -> NDArray[np.generic]:
    return np.asarray(
        get_decoder(ExplicitVRLittleEndian).as_array(
            plain,
            index=0,
            rows=layout.rows,
            columns=layout.columns,
            samples_per_pixel=layout.samples,
            bits_allocated=layout.bits_allocated,
            bits_stored=layout.bits_stored,
            pixel_representation=int(layout.signed),
            photometric_interpretation=layout.photometric,
            planar_configuration=0,
            number_of_frames=1,
            pixel_keyword="PixelData",
        )[0]
    )


def _attempt(decoder: Any, source: Any, options: dict[str, Any], plugin: str) -> tuple[NDArray[np.generic] | None, str]:
    """The pixels, or why this plugin cannot decode them; plugins raise what they like."""
    try:
        return decoder.as_array(source, decoding_plugin=plugin, **options)[0], ""
    except MemoryError:
        raise
    except BaseException as error:
        if not is_of_decoder(error):
            raise
        return None, str(error)  # a decoder's own failure only means: try the next


def _through_palette(indices: NDArray[np.generic], dataset: pydicom.Dataset) -> NDArray[np.uint8]:
    """(row, column, 3) of palette indices; a 16-bit palette may hold 8-bit entries (PS3.3 C.7.6.3.1.6)."""
    rgb = np.asarray(apply_color_lut(indices, dataset))[..., :3]
    return to_8_bit(rgb, 16 if rgb.max() > np.iinfo(np.uint8).max else 8)


def _colour_frame(rgb: NDArray[np.generic], bits: int, decoder: str) -> DecodedFrame:
    rgb = rgb[..., :3]
    if is_grey(rgb):
        return DecodedFrame(np.ascontiguousarray(rgb[..., 1]), None, decoder, through_lut=False)
    return DecodedFrame(luminance(rgb), to_8_bit(rgb, bits), decoder, through_lut=False)
