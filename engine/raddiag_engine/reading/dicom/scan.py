"""The scans made of one stack of decoded frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from raddiag_engine.cases import Modality, Scan, WarningCode
from raddiag_engine.reading import affine as geometry
from raddiag_engine.reading.dicom import content
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.repetition import Stack
from raddiag_engine.reading.dicom.spacing import pixel_spacing_mm
from raddiag_engine.reading.dicom.stack import spacing_warnings, stack_affine
from raddiag_engine.reading.dicom.volume import Volume
from raddiag_engine.reading.few_slices import slice_as_image, volume_or_images
from raddiag_engine.reading.finish import finish, unusable
from raddiag_engine.reading.formats import FileFormat

UNKNOWN_THICKNESS_MM = 1.0
NO_DEPTH_MM = 1.0
VIEWS_IN_FRAMES = {"STATIC", "WHOLE BODY"}


def scans_of_stack(stack: Stack, volume: Volume, copies: tuple[Path, ...]) -> Iterator[Scan]:
    """One volume, one loop, or an image for each of one or two slices.

    Args:
        stack: The frames, and what was found when they were sorted.
        volume: Their voxels; frames that could not be decoded are missing there.
        copies: Files dropped because their pixels are there already; they count as sources.
    """
    scan = _described(volume, copies)
    frames = volume.frames
    scan = _placed(scan, frames) if frames[0].placed and not stack.is_loop else _unplaced(scan, frames, stack)
    scan = replace(scan, warnings=(*scan.warnings, *stack.warnings))
    scan = _judged(scan, frames[0], stack)
    if stack.is_loop and len(frames) > 1:
        yield finish(replace(scan, kind="cine"))
    elif stack.is_loop or _frames_are_views(frames[0]):
        yield from (finish(slice_as_image(scan, i, frames[i].windows)) for i in range(len(frames)))
    else:
        yield from (finish(part) for part in volume_or_images(scan))


def _frames_are_views(frame: Frame) -> bool:
    """Nuclear medicine keeps views from several sides as frames of one file."""
    return not frame.placed and frame.instance.modality == "NM" and bool(VIEWS_IN_FRAMES & set(frame.image_type))


def _described(volume: Volume, copies: tuple[Path, ...]) -> Scan:
    middle = volume.frames[len(volume.frames) // 2]
    instance = middle.instance
    header = instance.header
    modality = content.modality_of(instance)
    scan = Scan(
        id="",
        kind="volume",
        voxels=volume.voxels,
        modality=modality,
        anatomy=content.anatomy_of(instance),
        plane=content.view_of(instance, modality),
        units=_units(middle, modality, volume),
        windows=middle.windows,
        inverted=_is_inverted(middle),
        padding=None if volume.through_lut or volume.colour is not None else _padding(middle),
        colour=volume.colour,
        sources=tuple(dict.fromkeys([*(frame.instance.path for frame in volume.frames), *copies])),
        file_format=FileFormat.DICOM.value,
        decoder=volume.decoder,
        body_part=content.body_part_of(instance),
        series_date=header.text("SeriesDate") or header.text("StudyDate"),
        frame_of_reference=instance.frame_of_reference,
        identity=instance.identity,
    )
    if volume.colour is not None:
        scan = scan.warned(WarningCode.CONTENT_COLOUR, "a colour image; the network is given its luminance")
    through_line = not volume.through_lut and volume.colour is None
    if through_line and any(frame.rescale.slope_missing for frame in volume.frames):
        message = "the file gives a rescale intercept, but the rescale slope is missing; it is taken to be 1"
        scan = scan.warned(WarningCode.VALUES_RESCALE_MISSING, message)
    if modality is Modality.CT:
        scan = _checked_hounsfield(scan, middle)
    if header.text("BurnedInAnnotation").upper() == "YES":
        scan = scan.warned(WarningCode.CONTENT_BURNED_IN, "text is burned into the picture")
    return scan


def _units(frame: Frame, modality: Modality, volume: Volume) -> str:
    """ "HU" for rescaled CT unless the header names another unit; (0054,1001) for PET; else "stored"."""
    if volume.through_lut:
        return frame.instance.header.item("ModalityLUTSequence").text("ModalityLUTType") or "stored"
    named = frame.rescale.unit if frame.rescale.unit not in ("US", "NONE") else ""
    if modality is Modality.CT and frame.rescale.given:
        return named or "HU"
    return frame.instance.header.text("Units") or named or "stored"


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


def _as_stored(value: float, bits: int, signed: bool) -> float:
    """A padding value written with the wrong sign, as it is stored in the pixels."""
    if signed and value >= 2 ** (bits - 1):
        return value - 2**bits
    return value + 2**bits if not signed and value < 0 else value


def _checked_hounsfield(scan: Scan, frame: Frame) -> Scan:
    if not frame.rescale.given and scan.units != "HU":
        message = "CT without rescale slope and intercept: the values are not known to be Hounsfield units"
        return scan.warned(WarningCode.VALUES_RESCALE_MISSING, message)
    if scan.units == "HU" and scan.voxels.min() >= 0 and scan.voxels.max() > 0:
        message = "no value is below 0 HU: there is no air, fat or lung in it, or the values are shifted by about 1024"
        return scan.warned(WarningCode.VALUES_OUT_OF_RANGE, message)
    return scan


def _placed(scan: Scan, frames: list[Frame]) -> Scan:
    positions = np.array([frame.position_mm for frame in frames])
    orientation: Any = frames[0].orientation
    spacing = frames[0].spacing_mm
    if spacing is None:
        return scan.warned(WarningCode.GEOMETRY_UNKNOWN, "the header does not say how large a pixel is")
    affine = stack_affine(positions, orientation, spacing, _thickness_mm(frames[0]))
    warnings = (*scan.warnings, *spacing_warnings(positions, orientation))
    spacing_mm, plane = geometry.spacing_mm(affine), geometry.plane(affine)
    return replace(scan, affine=affine, spacing_mm=spacing_mm, plane=plane, warnings=warnings)


def _thickness_mm(frame: Frame) -> float:
    """For a single slice only: there are no positions to take a step from."""
    thickness = frame.instance.header.number("SliceThickness")
    return thickness if thickness and thickness > 0 else UNKNOWN_THICKNESS_MM


def _unplaced(scan: Scan, frames: list[Frame], stack: Stack) -> Scan:
    if len(frames) > 1 and not stack.is_loop:
        message = "the header does not say where the slices lie; they are in the order of their numbers"
        return scan.warned(WarningCode.GEOMETRY_UNKNOWN, message)
    spacing, doubt = pixel_spacing_mm(frames[0])
    # The last two lengths count: one frame becomes an image, and of a loop the first axis is time.
    scan = replace(scan, spacing_mm=(NO_DEPTH_MM, *spacing) if spacing else None)
    if doubt:
        scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, doubt)
    if stack.is_loop and not stack.warnings:
        scan = scan.warned(WarningCode.CONTENT_CINE, f"{len(frames)} frames in time, not in depth")
    return scan


def _judged(scan: Scan, frame: Frame, stack: Stack) -> Scan:
    verdict = content.why_unusable(frame)
    if verdict is not None:
        code, reason = verdict
        scan = unusable(scan.warned(code, reason), reason)
    return unusable(scan, stack.conflict) if stack.conflict else scan
