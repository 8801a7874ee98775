"""The pixels of one DICOM file, decoded frame by frame, with the decoder on record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from raddiag_engine.reading.colour import is_grey, luminance, to_8_bit
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.instance import Instance
from raddiag_engine.reading.failures import as_read_error

# Tried in this order: measured to decode all public samples exactly; Pillow last, which is 8-bit for JPEG.
DECODER_ORDER = ("pylibjpeg", "gdcm", "pydicom", "pillow")


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
    """The pixels of one file, which is parsed in full once."""

    def __init__(self, instance: Instance) -> None:
        """Parse the file.

        Raises:
            ReadError: It cannot be parsed to its end.
        """
        self.path = instance.path
        with as_read_error(self.path, "read the pixels"):
            self.dataset = pydicom.dcmread(instance.path, force=instance.forced)

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
        count = frame.instance.frame_count
        doing = "decode the pixels" if count == 1 else f"decode frame {frame.index + 1} of {count}"
        with as_read_error(self.path, doing):
            pixels, decoder = self._decoded(frame.index)
            photometric = str(self.dataset.get("PhotometricInterpretation", ""))
            if photometric == "PALETTE COLOR":
                return _colour_frame(_through_palette(pixels, self.dataset), 8, decoder)
            if pixels.ndim == 3:
                return _colour_frame(pixels, int(self.dataset.get("BitsStored", 8)), decoder)
            through_lut = bool(self.dataset.get("ModalityLUTSequence"))
            if through_lut:
                pixels = np.asarray(apply_modality_lut(pixels, self.dataset))
            return DecodedFrame(pixels, None, decoder, through_lut)

    def _decoded(self, index: int) -> tuple[NDArray[np.generic], str]:
        decoder = get_decoder(self.transfer_syntax)
        if "TransferSyntaxUID" not in self.dataset.file_meta:
            self.dataset.file_meta.TransferSyntaxUID = self.transfer_syntax
        if not self.transfer_syntax.is_encapsulated:
            return decoder.as_array(self.dataset, index=index)[0], ""
        plugins = [name for name in DECODER_ORDER if name in decoder.available_plugins]
        if not plugins:
            raise ValueError(f"there is no decoder for {self.transfer_syntax.name}")
        failures: list[str] = []
        for plugin in plugins:
            pixels, failure = _attempt(decoder, self.dataset, index, plugin)
            if pixels is not None:
                return pixels, f"{plugin} ({self.transfer_syntax.name})"
            failures.append(failure)
        raise ValueError(failures[0].rpartition("all available plugins:")[2])


def _attempt(decoder: Any, dataset: pydicom.Dataset, index: int, plugin: str) -> tuple[NDArray[np.generic] | None, str]:
    """The pixels, or why this plugin cannot decode them; plugins raise what they like."""
    try:
        return decoder.as_array(dataset, index=index, decoding_plugin=plugin)[0], ""
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a decoder's own failure only means: try the next
        return None, str(error)


def _through_palette(indices: NDArray[np.generic], dataset: pydicom.Dataset) -> NDArray[np.uint8]:
    """(row, column, 3) of palette indices; a 16-bit palette may hold 8-bit entries (PS3.3 C.7.6.3.1.6)."""
    rgb = np.asarray(apply_color_lut(indices, dataset))[..., :3]
    return to_8_bit(rgb, 16 if rgb.max() > np.iinfo(np.uint8).max else 8)


def _colour_frame(rgb: NDArray[np.generic], bits: int, decoder: str) -> DecodedFrame:
    rgb = rgb[..., :3]
    if is_grey(rgb):
        return DecodedFrame(np.ascontiguousarray(rgb[..., 1]), None, decoder, through_lut=False)
    return DecodedFrame(luminance(rgb), to_8_bit(rgb, bits), decoder, through_lut=False)
