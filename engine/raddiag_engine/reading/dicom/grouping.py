"""Which frames may belong to one scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from raddiag_engine.cases.identity import patient_keys
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.likeness import Likeness

# Every file of these is a picture of its own, whatever series it is in.
PROJECTIONS = {"CR", "DX", "RG", "MG", "PX", "IO", "XA", "RF", "US", "IVUS"}
SLICED = {"CT", "MR", "PT"}
# Slices that name it and slices that do not are of one volume: CT is in Hounsfield units unless another is named.
NO_OTHER_UNIT = {"", "US", "NONE", "HU"}
COSINE_TOLERANCE = 1e-3
SPACING_TOLERANCE = 1e-3


def group_frames(frames: Iterable[Frame], alive: Callable[[], None] = lambda: None) -> list[list[Frame]]:
    """Frames by series, and within a series by what makes them different images.

    A series is split by patient, SOP class, modality, rows and columns, colour, inversion, unit, image type (original,
    derived, localizer, MIP), echo time, kernel, stack, orientation and pixel spacing. Files that cannot be slices of
    one volume stand alone.

    Args:
        frames: Of any files, in any order.
        alive: Called again and again while thousands of frames are sorted.

    Returns:
        Groups in the order of study date, series number and acquisition; frames in acquisition order. Neither depends
        on the names or the order of the files. Files of one SOPInstanceUID that stand alone are one group, so that
        copies can be found.
    """

    def shown_order(frame: Frame) -> tuple[object, ...]:
        alive()
        return _shown_order(frame)

    ordered = sorted(frames, key=shown_order)
    # A series UID that two patients share is a faulty export; their slices are never stacked.
    instances = list(dict.fromkeys(frame.instance for frame in ordered))
    patients = dict(zip(instances, patient_keys(instance.identity for instance in instances), strict=True))
    by_key: dict[tuple[object, ...], list[Frame]] = {}
    for frame in ordered:
        alive()
        by_key.setdefault((patients[frame.instance], *_exact_key(frame)), []).append(frame)
    return [cluster for group in by_key.values() for cluster in clusters_in_space(group, alive)]


def stands_alone(frame: Frame) -> bool:
    """True if no other file can belong to the same scan."""
    instance = frame.instance
    if instance.frame_count == 1 and instance.modality in PROJECTIONS:
        return True
    return not frame.placed and (instance.frame_count > 1 or instance.modality not in SLICED)


def differences(frame: Frame) -> dict[str, object]:
    """What makes frames of one series different images, by name; frames of one scan agree in all of it."""
    instance = frame.instance
    echo, kernel, stack = frame.contrast
    return {
        "kind of object": instance.sop_class,
        "rows and columns": instance.shape,
        "colour": instance.colour,
        "image type": frame.image_type,
        "modality": instance.modality,
        "presentation": instance.shown_inverted,
        "unit": (instance.units, frame.rescale.unit if frame.rescale.unit not in NO_OTHER_UNIT else ""),
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
    instance = frame.instance
    return instance.header.text("ConcatenationUID") or instance.uid or str(instance.path)


def _shown_order(frame: Frame) -> tuple[object, ...]:
    return (*frame.instance.place_in_list, *frame.order, str(frame.instance.path))


def clusters_in_space(frames: Sequence[Frame], alive: Callable[[], None] = lambda: None) -> list[list[Frame]]:
    """Frames by pixel spacing and orientation, in the order in which a frame of each comes first.

    Args:
        frames: In any order.
        alive: Called for every frame.
    """
    spacings, orientations = Likeness(SPACING_TOLERANCE), Likeness(COSINE_TOLERANCE)
    clusters: dict[object, list[Frame]] = {}
    for frame in frames:
        alive()
        size = None if frame.spacing_mm is None else spacings.first_like(np.log(frame.spacing_mm))
        turned = frame.orientation
        direction = None if turned is None else orientations.first_like(turned.ravel(), within=size)
        clusters.setdefault((size, direction), []).append(frame)
    return list(clusters.values())
