"""What a header says of decoded frames, as the fields of a scan; geometry is added elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Modality, Scan, WarningCode
from raddiag_engine.reading.dicom import content, projection
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.stack import listed
from raddiag_engine.reading.dicom.suv import uptake_of
from raddiag_engine.reading.dicom.volume import Volume
from raddiag_engine.reading.dicom.windows import window_of_table
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.shared_memory import zeros

OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
OVERLAY_ROWS = 0x0010
UNITS = {"GY": "Gy"}


def described(volume: Volume, copies: tuple[Path, ...]) -> Scan:
    """The volume as a scan that lies nowhere yet.

    Args:
        volume: The decoded frames.
        copies: Files dropped because their pixels are there already; they count as sources.
    """
    middle = volume.frames[len(volume.frames) // 2]
    instance = middle.instance
    header = instance.header
    modality = content.modality_of(instance)
    view = projection.view_of(instance)
    scan = Scan(
        id="",
        kind="volume",
        voxels=volume.voxels,
        modality=modality,
        anatomy=content.anatomy_of(instance),
        plane=projection.plane_of_view(view, modality),
        units=_units(middle, modality, volume),
        windows=middle.windows,
        inverted=_is_inverted(middle),
        padding=None if volume.through_lut or volume.colour is not None else _padding(middle),
        colour=volume.colour,
        laterality=projection.laterality_of(middle),
        view=view,
        patient_orientation=None if middle.placed else projection.patient_orientation_of(instance),
        contrast_agent=content.contrast_agent_of(instance),
        sources=tuple(dict.fromkeys([*(frame.instance.path for frame in volume.frames), *copies])),
        file_format=FileFormat.DICOM.value,
        decoder=volume.decoder,
        body_part=content.body_part_of(instance),
        series_date=header.text("SeriesDate") or header.text("StudyDate"),
        frame_of_reference=instance.frame_of_reference,
        identity=instance.identity,
    )
    return _noted(_with_window_of_table(_in_uptake(scan, volume), middle), volume, middle)


def _noted(scan: Scan, volume: Volume, middle: Frame) -> Scan:
    """With a warning for what the header leaves in doubt."""
    header = middle.instance.header
    if volume.colour is not None:
        scan = scan.warned(WarningCode.CONTENT_COLOUR, "a colour image; the network is given its luminance")
    through_line = not volume.through_lut and volume.colour is None
    if through_line and any(frame.rescale.slope_missing for frame in volume.frames):
        message = "the file gives a rescale intercept, but the rescale slope is missing; it is taken to be 1"
        scan = scan.warned(WarningCode.VALUES_RESCALE_MISSING, message)
    without = [number for number, frame in enumerate(volume.frames, 1) if not frame.rescale.given]
    if scan.modality is Modality.CT and without and scan.units != "HU" and len(without) == len(volume.frames):
        message = "CT without rescale slope and intercept: the values are not known to be Hounsfield units"
        scan = scan.warned(WarningCode.VALUES_RESCALE_MISSING, message)
    elif without and through_line and len(without) < len(volume.frames):
        places = listed([f"slice {number}" for number in without])
        message = (
            f"rescale slope and intercept are missing in {places}, unlike in the others: values are as stored there"
        )
        scan = scan.warned(WarningCode.VALUES_RESCALE_MISSING, message)
    if through_line:
        scan = _with_doubt_about_padding(scan, volume, middle)
    if header.text("BurnedInAnnotation").upper() == "YES":
        scan = scan.warned(WarningCode.CONTENT_BURNED_IN, "text is burned into the picture")
    overlays = sum((group, OVERLAY_ROWS) in header.dataset for group in OVERLAY_GROUPS)
    if overlays:
        number = "an overlay" if overlays == 1 else f"{overlays} overlays"
        message = f"{number} (drawings or text of the file) not shown; the values are free of it"
        scan = scan.warned(WarningCode.CONTENT_OVERLAY, message)
    return scan


def _units(frame: Frame, modality: Modality, volume: Volume) -> str:
    """ "HU" for rescaled CT unless the header names another unit; (0054,1001) for nuclear medicine; else "stored"."""
    if volume.through_lut:
        return frame.instance.header.item("ModalityLUTSequence").text("ModalityLUTType") or "stored"
    named = frame.rescale.unit if frame.rescale.unit not in ("US", "NONE") else ""
    if modality is Modality.CT and frame.rescale.given:
        return named or "HU"
    return frame.instance.header.text("Units") or UNITS.get(named, named) or "stored"


def _in_uptake(scan: Scan, volume: Volume) -> Scan:
    """PET values as SUVbw where the header gives what that takes, else as what they are, with the reason."""
    first = volume.frames[0].instance
    if first.modality != "PT" or volume.through_lut or volume.colour is not None:
        return scan
    uptake = uptake_of(volume.frames)
    scan = replace(scan, units=uptake.units)
    if uptake.doubt:
        return scan.warned(WarningCode.VALUES_NOT_SUV, uptake.doubt)
    if uptake.factor == 1:
        return scan
    factor = uptake.factor
    return replace(
        scan,
        voxels=_multiplied(scan.voxels, factor),
        windows=tuple(replace(w, center=w.center * factor, width=w.width * factor) for w in scan.windows),
        padding=None if scan.padding is None else (scan.padding[0] * factor, scan.padding[1] * factor),
    )


def _multiplied(voxels: NDArray[np.generic], factor: float) -> NDArray[np.float32]:
    """In place where the type allows, as there is no other use of the values as they were; computed in double."""
    there = voxels if voxels.dtype == np.float32 else zeros(voxels.shape, np.float32)
    for index, values in enumerate(voxels):
        there[index] = values * np.float64(factor)
    return there.view(np.float32)


def _with_window_of_table(scan: Scan, frame: Frame) -> Scan:
    if scan.windows or scan.colour is not None:
        return scan
    window = window_of_table(frame.instance.header)
    if window is None:
        return scan
    message = "the header shows the values through a table (VOI LUT); a straight window with its ends stands for it"
    return replace(scan, windows=(window,)).warned(WarningCode.VALUES_WINDOW_TABLE, message)


def _is_inverted(frame: Frame) -> bool:
    header = frame.instance.header
    monochrome1 = header.text("PhotometricInterpretation").upper() == "MONOCHROME1"
    return monochrome1 or header.text("PresentationLUTShape").upper() == "INVERSE"


def _padding(frame: Frame) -> tuple[float, float] | None:
    """PixelPaddingValue (0028,0120) and its range limit (0028,0121) after rescaling, lower first."""
    header = frame.instance.header
    value = header.number("PixelPaddingValue")
    if value is None:
        return None
    limit = header.number("PixelPaddingRangeLimit")
    bits, signed = header.integer("BitsAllocated", 16), header.integer("PixelRepresentation") == 1
    ends = [_as_stored(end, bits, signed) for end in (value, value if limit is None else limit)]
    low, high = sorted(frame.rescale.slope * end + frame.rescale.intercept for end in ends)
    return low, high


def _with_doubt_about_padding(scan: Scan, volume: Volume, middle: Frame) -> Scan:
    """With a warning where slices name another padding than the middle one, which is taken for all."""
    known: dict[tuple[int, float, float], tuple[float, float] | None] = {}

    def padding_of(frame: Frame) -> tuple[float, float] | None:  # once for all frames of a file that share a line
        key = (id(frame.instance), frame.rescale.slope, frame.rescale.intercept)
        if key not in known:
            known[key] = _padding(frame)
        return known[key]

    taken = padding_of(middle)
    others = tuple(index for index, frame in enumerate(volume.frames) if padding_of(frame) != taken)
    if not others:
        return scan
    places = listed([f"slice {index + 1}" for index in others])
    of_the_rest = (
        "none" if taken is None else f"{taken[0]:g}" if taken[0] == taken[1] else f"{taken[0]:g} to {taken[1]:g}"
    )
    message = f"the padding value differs in {places}: that of the others ({of_the_rest}) is taken for all slices"
    return scan.warned(WarningCode.VALUES_PADDING, message, others)


def _as_stored(value: float, bits: int, signed: bool) -> float:
    """A padding value written with the wrong sign, as it is stored in the pixels."""
    if signed and value >= 2 ** (bits - 1):
        return value - 2**bits
    return value + 2**bits if not signed and value < 0 else value
