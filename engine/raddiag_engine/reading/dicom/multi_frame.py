"""Where the frames of older multi-frame files lie: dose grids and reconstructed nuclear medicine.

Their headers place the first frame only, and say how far the others are from it: (3004,000C) of a dose grid gives every
offset, (0054,0080) of nuclear medicine the number of the slice that each frame shows, and (0018,0088) one spacing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from raddiag_engine.reading.dicom.frame import Frame, orthonormal

RECONSTRUCTED = {"RECON TOMO", "RECON GATED TOMO"}


def with_places(frames: list[Frame]) -> list[Frame]:
    """The frames of one file, with their places in the patient where its header gives these."""
    if len(frames) < 2 or any(frame.position_mm is not None for frame in frames):
        return frames
    header = frames[0].instance.header
    offsets = header.numbers("GridFrameOffsetVector")
    if len(offsets) == len(frames):
        return _placed(frames, header.numbers("ImagePositionPatient"), frames[0].orientation, offsets)
    if frames[0].instance.modality == "NM" and RECONSTRUCTED & set(frames[0].image_type):
        return _reconstructed(frames)
    return frames


def _reconstructed(frames: list[Frame]) -> list[Frame]:
    header = frames[0].instance.header
    detector = header.item("DetectorInformationSequence")
    spacing = header.number("SpacingBetweenSlices")
    numbers = header.numbers("SliceVector") or tuple(range(1, len(frames) + 1))
    orientation = orthonormal(detector.numbers("ImageOrientationPatient"))
    if not spacing or len(numbers) != len(frames):
        return frames
    offsets = [(number - 1) * spacing for number in numbers]
    placed = _placed(frames, detector.numbers("ImagePositionPatient"), orientation, offsets)
    slots = header.numbers("TimeSlotVector")
    if len(slots) != len(frames):
        slots = (1.0,) * len(frames)
    return [
        replace(frame, stated_spacing_mm=abs(spacing), moments={"cardiac phase": slot} | _others(frame))
        if frame.placed
        else frame
        for frame, slot in zip(placed, slots, strict=True)
    ]


def _others(frame: Frame) -> dict[str, object]:
    return {name: value for name, value in frame.moments.items() if name != "cardiac phase"}


def _placed(
    frames: list[Frame], first: Sequence[float], orientation: np.ndarray | None, offsets_mm: Sequence[float]
) -> list[Frame]:
    """The frames along the normal; as they are if the header does not place the first."""
    if len(first) != 3 or orientation is None:
        return frames
    normal = np.cross(orientation[0], orientation[1])
    # An axial dose grid may give heights instead of offsets; what counts is how far they are apart.
    return [
        replace(frame, position_mm=np.array(first) + (offset - offsets_mm[0]) * normal, orientation=orientation)
        for frame, offset in zip(frames, offsets_mm, strict=True)
    ]
