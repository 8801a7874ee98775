"""How a scan is turned for the screen: from its geometry to its display grid. Knows no canvas and no values.

Volumes whose place in the patient is known are turned, by views, so that their axes run towards the feet, the back and
the left: world coordinates are (-z, -y, -x) of RAS+ millimetres. Axial slices then come up with the front on top and
the patient's right on the left of the screen, coronal and sagittal ones with the head on top. Everything else keeps its
axes, turned within the slice as the network's preparation turns it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from napari_raddiag.display.patient_axes import letters_span_a_plane, lies_in_space, nearest_patient_axes
from napari_raddiag.display.slice_places import SlicePlaces
from raddiag_engine.cases import Scan
from raddiag_engine.preparation.orientation import display_orientation

PLACED_LABELS = ("head-feet", "front-back", "right-left")


def display_grid(scan: Scan) -> DisplayGrid:
    """The display grid of a scan; where its place is unknown, or its affine singular or at odds with it, as stored."""
    placed = lies_in_space(scan.affine)
    affine = scan.affine if placed else None
    if affine is not None and scan.kind == "volume":
        try:
            return _placed_volume(scan, affine)
        except ValueError:  # slices in no order: better no place than a wrong one
            affine = None
    orientation = display_orientation(scan)
    swapped = orientation.transposed
    order: tuple[int, ...] = (0, 2, 1) if swapped else (0, 1, 2)
    labels: tuple[str, ...] = ("frame" if scan.kind == "cine" else "slice", "row", "column")
    flipped: tuple[bool, ...] = orientation.flipped
    if scan.kind == "image":
        order, flipped, labels = ((1, 0) if swapped else (0, 1)), flipped[1:], labels[1:]
    spacing = _known_spacing(scan)
    scale = tuple(1.0 if spacing is None else spacing[axis] for axis in order)
    if scan.kind == "cine":
        scale = (1.0, *scale[1:])  # frames are times; they are laid one unit apart
    return DisplayGrid(
        kind=scan.kind,
        shape=tuple(scan.voxels.shape[axis] for axis in order),
        order=order,
        flipped=flipped,
        scale=scale,
        translate=(0.0,) * len(order),
        axis_labels=tuple(labels[axis] for axis in order),
        units="pixel" if spacing is None else "mm",
        affine=affine,
        header_letters=None if affine is not None else _header_letters(scan),
    )


def _header_letters(scan: Scan) -> tuple[str, str] | None:
    """The header's letters of a single picture or a loop, unless they contradict one another.

    Slices without a place may each lie otherwise, and the letters are those of one of them.
    """
    letters = scan.patient_orientation
    return letters if letters is not None and scan.kind != "volume" and letters_span_a_plane(*letters) else None


def _placed_volume(scan: Scan, affine: NDArray[np.float64]) -> DisplayGrid:
    patient_axes, senses = nearest_patient_axes(affine[:3, :3])
    # Display axis 0 runs towards the feet, 1 to the back, 2 to the left: against patient axes 2, 1 and 0.
    order = tuple(patient_axes.index(patient_axis) for patient_axis in (2, 1, 0))
    lengths_mm = np.linalg.norm(affine[:3, :3], axis=0)
    shape = np.array([scan.voxels.shape[axis] for axis in order])
    scale = np.array([lengths_mm[axis] for axis in order])
    # An oblique scan is laid straight about its own centre, which is where its planes are true.
    places = None if scan.slice_places is None else SlicePlaces(scan.slice_places)
    centre = (np.array(scan.voxels.shape) - 1) / 2
    if places is not None:
        centre[0] = places.place_of(centre[0])
    centre_ras = affine[:3, :3] @ centre + affine[:3, 3]
    translate = -centre_ras[::-1] - scale * (shape - 1) / 2
    return DisplayGrid(
        kind="volume",
        shape=tuple(int(n) for n in shape),
        order=order,
        flipped=tuple(senses[axis] > 0 for axis in order),
        scale=tuple(float(s) for s in scale),
        translate=tuple(float(t) for t in translate),
        axis_labels=PLACED_LABELS,
        units="mm",
        affine=affine,
        slice_places=places,
    )


def _known_spacing(scan: Scan) -> tuple[float, ...] | None:
    spacing = scan.spacing_mm
    if spacing is None and scan.affine is not None and lies_in_space(scan.affine):
        spacing = tuple(float(length) for length in np.linalg.norm(scan.affine[:3, :3], axis=0))
    if spacing is None or len(spacing) < scan.voxels.ndim:
        return None
    spacing = spacing[-scan.voxels.ndim :]
    return spacing if all(np.isfinite(spacing)) and min(spacing) > 0 else None
