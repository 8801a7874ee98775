"""Decoding the frames of a scan into one array that is allocated once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.dicom.frame import Frame, Rescale
from raddiag_engine.reading.dicom.pixels import DecodedFrame, PixelFile
from raddiag_engine.reading.limits import check_size
from raddiag_engine.reading.shared_memory import zeros

# Then the rest of a file is as bad, most likely, and a header may announce 100,000 frames of nothing.
MOST_FAILURES_IN_A_ROW = 10
INTEGER_TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.int64)


@dataclass
class Volume:
    """The decoded frames, in the order asked for, without those that could not be decoded.

    Attributes:
        frames: The frames that are there.
        voxels: (frame, row, column), rescaled.
        colour: (frame, row, column, 3) uint8, None for grey frames.
        decoder: What decompressed them, empty if they were not compressed.
        through_lut: True if a modality LUT gave the values.
        failures: A line for each file with frames that could not be decoded.
    """

    frames: list[Frame]
    voxels: NDArray[np.generic]
    colour: NDArray[np.uint8] | None = None
    decoder: str = ""
    through_lut: bool = False
    failures: list[Skipped] = field(default_factory=list)


def decode_volume(frames: Sequence[Frame], started: Callable[[Path], None]) -> Volume:
    """Decode and rescale frames of equal size.

    Args:
        frames: In the order of the array wanted.
        started: Called with each file before its pixels are parsed.
    """
    volume = Volume(list(frames), np.zeros((0, 0, 0), np.uint8))
    slots = range(len(frames))
    decoders: dict[str, None] = {}
    there: set[int] = set()
    for _, group in groupby(
        sorted(slots, key=lambda i: str(frames[i].instance.path)), lambda i: frames[i].instance.path
    ):
        for slot, decoded in _decode_file(frames, list(group), started, volume.failures):
            if not there:
                _allocate(volume, decoded)
            _store(volume, slot, decoded)
            decoders[decoded.decoder] = None
            there.add(slot)
    if len(there) < len(frames):
        kept = sorted(there)
        volume.frames = [frames[slot] for slot in kept]
        volume.voxels = _closed_up(volume.voxels, kept)
        volume.colour = None if volume.colour is None else _closed_up(volume.colour, kept)
    volume.decoder = ", ".join(filter(None, decoders))
    return volume


def _decode_file(
    frames: Sequence[Frame], slots: list[int], started: Callable[[Path], None], failures: list[Skipped]
) -> Iterator[tuple[int, DecodedFrame]]:
    path = frames[slots[0]].instance.path
    failed: list[str] = []
    try:
        started(path)
        file = PixelFile(frames[slots[0]].instance)
        check_size(path, (len(frames), *frames[slots[0]].shape), 2)
    except ReadError as error:
        failures.append(Skipped(path, error.reason))
        return
    in_a_row = 0
    for number, slot in enumerate(slots):
        started(path)  # again for every frame: a sign of life
        try:
            decoded = file.frame(frames[slot])
            if decoded.stored.shape != frames[slot].shape:
                raise ReadError(path, f"the pixels are {decoded.stored.shape}, the header says {frames[slot].shape}")
            yield slot, decoded
            in_a_row = 0
        except ReadError as error:
            failed.append(error.reason)
            in_a_row += 1
            untried = len(slots) - number - 1
            if in_a_row == MOST_FAILURES_IN_A_ROW and untried:
                text = f"{error.reason}, as with the {in_a_row - 1} before it; the {untried} after it were not tried"
                failures.append(Skipped(path, text))
                return
    if failed:
        more = f" ({len(failed)} frames in all)" if len(failed) > 1 else ""
        failures.append(Skipped(path, failed[0] + more))


def rescaled(stored: NDArray[Any], rescale: Rescale) -> NDArray[Any]:
    """slope * stored + intercept: exactly in integers where both are whole, else in double precision."""
    if rescale.slope == 1 and rescale.intercept == 0:
        return stored
    if stored.dtype.kind in "iu" and _is_whole(rescale):
        wide = np.int32 if stored.dtype.itemsize <= 2 and abs(rescale.slope) < 2**14 else np.int64
        values: NDArray[Any] = stored.astype(wide)
        return values * int(rescale.slope) + int(rescale.intercept)
    return stored.astype(np.float64) * rescale.slope + rescale.intercept


def _shifted_into(out: NDArray[Any], stored: NDArray[Any], rescale: Rescale) -> bool:
    """Write stored + intercept where that is all there is to do and fits, with no array between; else False."""
    if stored.dtype.kind not in "iu" or out.dtype.kind not in "iu" or rescale.slope != 1 or not _is_whole(rescale):
        return False
    shift, limits = int(rescale.intercept), np.iinfo(out.dtype)
    ends = shift, int(stored.min()) + shift, int(stored.max()) + shift
    if min(ends) < limits.min or max(ends) > limits.max:
        return False
    # What wraps around on the way wraps back: the sum fits.
    np.add(stored, out.dtype.type(shift), out=out, dtype=out.dtype, casting="unsafe")
    return True


def value_type(
    stored: np.dtype[np.generic], bits: int, signed: bool, rescales: Sequence[Rescale]
) -> np.dtype[np.generic]:
    """The smallest type that holds all rescaled values of so many stored bits."""
    if stored.kind == "f":
        return stored
    if not all(map(_is_whole, rescales)):
        return np.dtype(np.float32 if stored.itemsize <= 2 else np.float64)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    ends = [r.slope * end + r.intercept for r in set(rescales) for end in (low, high)]
    for candidate in INTEGER_TYPES:
        limits = np.iinfo(candidate)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return np.dtype(candidate)
    return np.dtype(np.float64)


def _is_whole(rescale: Rescale) -> bool:
    return (
        float(rescale.slope).is_integer() and float(rescale.intercept).is_integer() and abs(rescale.intercept) < 2**30
    )


def _allocate(volume: Volume, first: DecodedFrame) -> None:
    header = volume.frames[0].instance.header
    volume.through_lut = first.through_lut
    dtype = first.stored.dtype
    if first.colour is None and not first.through_lut:
        bits = header.integer("BitsStored", 8 * dtype.itemsize)
        bits = bits if 1 <= bits <= 8 * dtype.itemsize else 8 * dtype.itemsize
        dtype = value_type(dtype, bits, dtype.kind == "i", [frame.rescale for frame in volume.frames])
        if header.text("Modality").upper() == "PT" and np.can_cast(dtype, np.float32):
            dtype = np.dtype(np.float32)  # uptake values are then computed in place
        if dtype == np.int32:
            # 16 bits less 1024 could need 32, but hardly ever do; `_store` widens the array if they do.
            dtype = np.dtype(np.int16)
    shape = (len(volume.frames), *first.stored.shape)
    check_size(volume.frames[0].instance.path, shape, dtype.itemsize)
    volume.voxels = zeros(shape, dtype.newbyteorder("="))
    if first.colour is not None:
        volume.colour = zeros((*shape, 3), np.uint8)


def _closed_up(array: NDArray[Any], kept: Sequence[int]) -> NDArray[Any]:
    """The slices of these numbers, which increase, moved to the front in place."""
    for there, slot in enumerate(kept):
        if there != slot:
            array[there] = array[slot]
    return array[: len(kept)]


def _store(volume: Volume, slot: int, decoded: DecodedFrame) -> None:
    values = decoded.stored
    if not decoded.through_lut and decoded.colour is None:
        rescale = volume.frames[slot].rescale
        if volume.colour is None and _shifted_into(volume.voxels[slot], values, rescale):
            return
        values = rescaled(values, rescale)
    if values.dtype.kind in "iu" and volume.voxels.dtype.kind in "iu" and values.dtype != volume.voxels.dtype:
        limits = np.iinfo(volume.voxels.dtype)  # type: ignore[type-var]
        if values.size and (values.min() < limits.min or values.max() > limits.max):
            # Bits above BitsStored were in use after all.
            wider = zeros(volume.voxels.shape, np.promote_types(volume.voxels.dtype, values.dtype))
            wider[...] = volume.voxels
            volume.voxels = wider
    volume.voxels[slot] = values
    if decoded.colour is not None:
        if volume.colour is None:
            volume.colour = np.repeat(volume.voxels[..., None].astype(np.uint8), 3, axis=-1)
        volume.colour[slot] = decoded.colour
    elif volume.colour is not None:
        volume.colour[slot] = decoded.stored[..., None]
