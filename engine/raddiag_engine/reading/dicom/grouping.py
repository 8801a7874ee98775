"""Which frames may belong to one scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from raddiag_engine.cases.identity import patient_keys
from raddiag_engine.reading.dicom.frame import Frame

# Every file of these is a picture of its own, whatever series it is in.
PROJECTIONS = {"CR", "DX", "RG", "MG", "PX", "IO", "XA", "RF", "US", "IVUS"}
SLICED = {"CT", "MR", "PT"}
COSINE_TOLERANCE = 1e-3
SPACING_TOLERANCE = 1e-3


def group_frames(frames: Iterable[Frame]) -> list[list[Frame]]:
    """Frames by series, and within a series by what makes them different images.

    A series is split by patient, SOP class, rows and columns, colour, image type (original, derived, localizer, MIP),
    echo time, kernel, stack, orientation and pixel spacing. Files that cannot be slices of one volume stand alone.

    Returns:
        Groups in the order of study date, series number and acquisition; frames in acquisition order. Neither depends
        on the names or the order of the files. Files of one SOPInstanceUID that stand alone are one group, so that
        copies can be found.
    """
    ordered = sorted(frames, key=_shown_order)
    # A series UID that two patients share is a faulty export; their slices are never stacked.
    patients = patient_keys(frame.instance.identity for frame in ordered)
    by_key: dict[tuple[object, ...], list[Frame]] = {}
    for frame, patient in zip(ordered, patients, strict=True):
        by_key.setdefault((patient, *_exact_key(frame)), []).append(frame)
    return [cluster for group in by_key.values() for cluster in clusters_in_space(group)]


def stands_alone(frame: Frame) -> bool:
    """True if no other file can belong to the same scan."""
    instance = frame.instance
    if instance.frame_count == 1 and instance.modality in PROJECTIONS:
        return True
    return not frame.placed and (instance.frame_count > 1 or instance.modality not in SLICED)


def differences(frame: Frame) -> dict[str, object]:
    """What makes frames of one series different images, by name; frames of one scan agree in all of it."""
    instance = frame.instance
    header = instance.header
    echo, kernel, stack = frame.contrast
    return {
        "kind of object": instance.sop_class,
        "rows and columns": instance.shape,
        "colour": (header.integer("SamplesPerPixel", 1), header.text("PhotometricInterpretation")),
        "image type": frame.image_type,
        "echo time": echo,
        "kernel": kernel,
        "stack": stack,
        "having a place": (frame.placed, frame.in_patient),
    }


def _exact_key(frame: Frame) -> tuple[object, ...]:
    alone = _picture(frame) if stands_alone(frame) else None
    return (frame.instance.series, *differences(frame).values(), alone)


def _picture(frame: Frame) -> str:
    """What names a picture that stands alone: its parts where it is concatenated, its UID, else its file."""
    header = frame.instance.header
    return header.text("ConcatenationUID") or header.text("SOPInstanceUID") or str(frame.instance.path)


def _shown_order(frame: Frame) -> tuple[object, ...]:
    header = frame.instance.header
    study = header.text("StudyDate"), header.text("StudyInstanceUID")
    return (*study, header.integer("SeriesNumber"), frame.instance.series, *frame.order, str(frame.instance.path))


def clusters_in_space(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames by orientation and pixel spacing."""
    clusters: list[list[Frame]] = []
    for frame in frames:
        home = next((cluster for cluster in clusters if _aligned(cluster[0], frame)), None)
        if home is None:
            clusters.append([frame])
        else:
            home.append(frame)
    return clusters


def _aligned(one: Frame, other: Frame) -> bool:
    if (one.spacing_mm is None) != (other.spacing_mm is None):
        return False
    if one.spacing_mm and not np.allclose(one.spacing_mm, other.spacing_mm or 0, rtol=SPACING_TOLERANCE, atol=0):
        return False
    if one.orientation is None or other.orientation is None:
        return one.orientation is other.orientation
    return bool(np.abs(one.orientation - other.orientation).max() <= COSINE_TOLERANCE)
