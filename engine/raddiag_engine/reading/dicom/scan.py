"""The scans made of one stack of decoded frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.reading import affine as geometry
from raddiag_engine.reading.dicom.cine import frame_time_ms
from raddiag_engine.reading.dicom.description import described
from raddiag_engine.reading.dicom.exclusion import why_unusable
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.repetition import Stack
from raddiag_engine.reading.dicom.spacing import pixel_size
from raddiag_engine.reading.dicom.stack import slice_places, spacing_warnings, stack_affine, stack_failure
from raddiag_engine.reading.dicom.subtraction import NotSubtractedError, is_to_be_subtracted, subtracted
from raddiag_engine.reading.dicom.volume import Volume
from raddiag_engine.reading.few_slices import slice_as_image, volume_or_images
from raddiag_engine.reading.finish import finish, unusable
from raddiag_engine.reading.straighten import straightened

UNKNOWN_THICKNESS_MM = 1.0
NO_DEPTH_MM = 1.0
VIEWS_IN_FRAMES = {"STATIC", "WHOLE BODY"}
SLICED = {"CT", "MR", "PT"}


def scans_of_stack(stack: Stack, volume: Volume, copies: tuple[Path, ...]) -> Iterator[Scan]:
    """One volume, one loop, or an image for each of one or two slices; of what is corrected, the original as well.

    Args:
        stack: The frames, and what was found when they were sorted.
        volume: Their voxels; frames that could not be decoded are missing there.
        copies: Files dropped because their pixels are there already; they count as sources.
    """
    scan = described(volume, copies)
    frames = volume.frames
    scan = _placed(scan, frames) if frames[0].placed and not stack.is_loop else _unplaced(scan, frames, stack)
    scan = replace(scan, warnings=(*scan.warnings, *stack.warnings))
    scan = _judged(scan, frames, stack)
    if stack.is_loop and len(frames) > 1:
        loop = replace(scan, kind="cine", frame_time_ms=frame_time_ms(frames))
        yield from _with_mask_subtracted(loop, frames)
    elif stack.is_loop or _frames_are_views(frames[0]):
        yield from (finish(slice_as_image(scan, i, frames[i].windows)) for i in range(len(frames)))
    else:
        for part in volume_or_images(scan):
            yield from _with_straightened(part)


def _with_straightened(scan: Scan) -> Iterator[Scan]:
    copy = straightened(scan) if scan.usable else None
    if copy is None:
        yield finish(scan)
        return
    yield finish(copy)
    yield finish(unusable(scan, "its slices are tilted; the copy with straightened slices is used instead"))


def _with_mask_subtracted(loop: Scan, frames: list[Frame]) -> Iterator[Scan]:
    header = frames[0].instance.header
    if not is_to_be_subtracted(header) or loop.colour is not None:
        yield finish(loop)
        return
    if len(frames) < frames[0].instance.frame_count:
        message = "the mask is not subtracted: some frames cannot be decoded, so that their numbers no longer hold"
        yield finish(loop.warned(WarningCode.VALUES_SUBTRACTED, message))
        return
    try:
        voxels = subtracted(loop.voxels, header)
    except NotSubtractedError as error:
        yield finish(loop.warned(WarningCode.VALUES_SUBTRACTED, f"the mask is not subtracted: {error}"))
        return
    copy = replace(loop, voxels=voxels, windows=(), padding=None, units="difference to the mask")
    masks = len(header.items("MaskSubtractionSequence"))
    which = "mask" if masks == 1 else f"first of {masks} masks"
    copy = copy.warned(WarningCode.VALUES_SUBTRACTED, f"a copy with the {which} of the header subtracted")
    if len(voxels) == 1:
        copy = replace(slice_as_image(copy, 0), frame_time_ms=None)
    yield finish(copy)
    yield finish(unusable(loop, "its mask is not subtracted; the copy with the mask subtracted is used instead"))


def _frames_are_views(frame: Frame) -> bool:
    """Nuclear medicine keeps views from several sides as frames of one file."""
    return not frame.placed and frame.instance.modality == "NM" and bool(VIEWS_IN_FRAMES & set(frame.image_type))


def _placed(scan: Scan, frames: list[Frame]) -> Scan:
    positions = np.array([frame.position_mm for frame in frames])
    orientation: Any = frames[0].orientation
    spacing = frames[0].spacing_mm
    if spacing is None:
        return scan.warned(WarningCode.GEOMETRY_UNKNOWN, "the header does not say how large a pixel is")
    affine = stack_affine(positions, orientation, spacing, _thickness_mm(frames[0]))
    scan = replace(scan, warnings=(*scan.warnings, *spacing_warnings(positions, orientation)))
    stated = frames[0].stated_spacing_mm
    if stated is not None:
        message = f"the header places the first slice; the others are taken to follow {stated:.2f} mm apart, as it says"
        scan = scan.warned(WarningCode.GEOMETRY_STATED_SPACING, message)
    if len({frame.instance.frame_of_reference for frame in frames}) > 1:
        message = "the slices name several frames of reference: whether their places belong together is not known"
        scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, message)
    failure = stack_failure(positions)
    if failure is not None:
        scan = unusable(scan.warned(WarningCode.GEOMETRY_FAILED, failure), failure)
    if not frames[0].in_patient:
        message = "the slices lie in the frame of the transducer, not the patient's: left and right are unknown"
        scan = replace(scan, spacing_mm=geometry.spacing_mm(affine))
        return scan.warned(WarningCode.GEOMETRY_UNKNOWN, message)
    return replace(
        scan,
        affine=affine,
        spacing_mm=geometry.spacing_mm(affine),
        plane=geometry.plane(affine),
        slice_places=slice_places(positions, orientation),
    )


def _thickness_mm(frame: Frame) -> float:
    """For a single slice only: there are no positions to take a step from."""
    thickness = frame.instance.header.number("SliceThickness")
    return thickness if thickness and thickness > 0 else UNKNOWN_THICKNESS_MM


def _unplaced(scan: Scan, frames: list[Frame], stack: Stack) -> Scan:
    if len(frames) > 1 and not stack.is_loop:
        message = "the header does not say where the slices lie; they are in the order of their numbers"
        scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, message)
        if frames[0].instance.modality in SLICED:
            failure = "the header does not say where its slices lie, so that their order is not known"
            scan = unusable(scan.warned(WarningCode.GEOMETRY_FAILED, failure), failure)
        return scan
    size = pixel_size(frames[0])
    # The last two lengths count: one frame becomes an image, and of a loop the first axis is time.
    spacing = (NO_DEPTH_MM, *size.spacing_mm) if size.spacing_mm else None
    scan = replace(scan, spacing_mm=spacing, calibrated_region=size.bounds)
    if size.doubt:
        scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, size.doubt)
    if size.bounds is not None:
        top, bottom, left, right = size.bounds
        message = f"lengths hold only in rows {top + 1} to {bottom + 1} and columns {left + 1} to {right + 1}"
        scan = scan.warned(WarningCode.GEOMETRY_PART_CALIBRATED, message)
    if stack.is_loop and not any(warning.code is WarningCode.CONTENT_CINE for warning in stack.warnings):
        scan = scan.warned(WarningCode.CONTENT_CINE, f"{len(frames)} frames in time, not in depth")
    return scan


def _judged(scan: Scan, frames: list[Frame], stack: Stack) -> Scan:
    verdict = why_unusable(frames[0])
    if verdict is not None:
        code, reason = verdict
        # What it is comes before what is wrong with its geometry.
        scan = replace(scan.warned(code, reason), usable=False, reason=reason)
    return unusable(scan, stack.conflict) if stack.conflict else scan
