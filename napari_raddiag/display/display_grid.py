"""How a scan's array is turned for the screen, and where its voxels then lie. Knows no canvas and no values.

Volumes whose place in the patient is known are turned, by views, so that their axes run towards the feet, the back and
the left: world coordinates are (-z, -y, -x) of RAS+ millimetres. Axial slices then come up with the front on top and
the patient's right on the left of the screen, coronal and sagittal ones with the head on top. Everything else keeps its
axes, turned within the slice as the network's preparation turns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_raddiag.display.patient_axes import degrees_off_axes, direction_letters, lies_in_space, nearest_patient_axes
from raddiag_engine.cases import Scan
from raddiag_engine.cases.scan import Kind
from raddiag_engine.preparation.orientation import display_orientation

Value = TypeVar("Value", bound=np.generic)

# Below this a scan is called after the patient's axes without a word, as in the readers' warnings.
OBLIQUE_DEGREES = 5.0
PLACED_LABELS = ("head-feet", "front-back", "right-left")


@dataclass(frozen=True, eq=False)
class DisplayGrid:
    """The turned grid of one scan. "Stored" indices count in `Scan.voxels`, "display" indices in the turned array.

    Attributes:
        kind: Of the scan.
        shape: Of the turned array, without colour.
        order: For each display axis the stored axis it is made of.
        flipped: For each display axis whether it then runs backwards.
        scale: For each display axis the distance between voxel centres, in `units`; positive.
        translate: World coordinates of the first displayed voxel, in `units`.
        axis_labels: For each display axis.
        units: "mm", or "pixel" where the file does not say how large a pixel is.
        affine: (4, 4), stored index (slice, row, column, 1) to RAS+ mm; None if unknown or unusable.
    """

    kind: Kind
    shape: tuple[int, ...]
    order: tuple[int, ...]
    flipped: tuple[bool, ...]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    axis_labels: tuple[str, ...]
    units: str
    affine: NDArray[np.float64] | None

    @property
    def ndim(self) -> int:
        """Number of axes, colour not counted."""
        return len(self.shape)

    @property
    def is_placed_volume(self) -> bool:
        """True if all three display axes are the patient's."""
        return self.kind == "volume" and self.affine is not None

    @property
    def slice_axis(self) -> int:
        """The display axis that the acquired slices (or frames) follow one another along; 0 for an image."""
        return self.order.index(0) if self.ndim == 3 else 0

    @cached_property
    def oblique_degrees(self) -> float:
        """How far the scan's axes lean from the patient's, which name them; 0 where the place is unknown."""
        return 0.0 if self.affine is None else degrees_off_axes(self.affine[:3, :3])

    @property
    def is_oblique(self) -> bool:
        """True if planes are only near to the patient's planes, which must then be said."""
        return self.oblique_degrees > OBLIQUE_DEGREES

    def turn(self, array: NDArray[Value]) -> NDArray[Value]:
        """A view of an array on the stored grid, such as voxels or a map, turned for display; colour stays last."""
        colour_axes = range(self.ndim, array.ndim)
        steps = tuple(slice(None, None, -1 if flip else None) for flip in self.flipped)
        return array.transpose(*self.order, *colour_axes)[steps]

    def to_display(self, stored_index: ArrayLike) -> NDArray[np.float64]:
        """Display index of a stored one; both may lie between voxels."""
        display = np.asarray(stored_index, dtype=np.float64)[list(self.order)]
        return np.where(self.flipped, np.array(self.shape) - 1 - display, display)

    def to_stored(self, display_index: ArrayLike) -> NDArray[np.float64]:
        """Stored index of a display one; both may lie between voxels."""
        display = np.asarray(display_index, dtype=np.float64)
        unflipped = np.where(self.flipped, np.array(self.shape) - 1 - display, display)
        stored = np.empty(self.ndim)
        stored[list(self.order)] = unflipped
        return stored

    def to_world(self, display_index: ArrayLike) -> NDArray[np.float64]:
        """World coordinates of a display index, in `units`."""
        return np.asarray(display_index, dtype=np.float64) * self.scale + self.translate

    def ras_mm(self, stored_index: ArrayLike) -> NDArray[np.float64] | None:
        """(3,) true place in the patient, RAS+ mm, through the affine; None where the file does not say."""
        if self.affine is None:
            return None
        return np.asarray(self.affine[:3, :3] @ self._slice_row_column(stored_index) + self.affine[:3, 3])

    @cached_property
    def display_affine(self) -> NDArray[np.float64] | None:
        """(4, 4), display index (three axes, 1) to RAS+ mm, the first axis 0 for an image; None where unknown."""
        if self.affine is None:
            return None
        offset = 3 - self.ndim
        turned = np.eye(4)
        turned[:3, :3] = 0
        turned[0, 0] = 1.0
        for axis, (stored_axis, flip) in enumerate(zip(self.order, self.flipped, strict=True)):
            turned[:3, axis + offset] = 0
            turned[stored_axis + offset, axis + offset] = -1.0 if flip else 1.0
            turned[stored_axis + offset, 3] = self.shape[axis] - 1.0 if flip else 0.0
        return np.asarray(self.affine @ turned)

    def stored_of_ras(self, ras_mm: ArrayLike) -> NDArray[np.float64] | None:
        """Stored index, between voxels and perhaps outside, of a place in the patient; None where unknown.

        An image has no slice coordinate: the place is projected onto it along its slices.
        """
        if self.affine is None or self.kind == "cine":
            return None
        index = np.linalg.solve(self.affine[:3, :3], np.asarray(ras_mm, dtype=np.float64) - self.affine[:3, 3])
        return np.asarray(index[1:] if self.ndim == 2 else index, dtype=np.float64)

    def inside(self, stored_index: ArrayLike) -> bool:
        """True if the index, rounded, is of a voxel."""
        display = np.rint(self.to_display(stored_index))
        return bool((display >= 0).all() and (display < self.shape).all())

    def nearest_voxel(self, stored_index: ArrayLike) -> tuple[int, ...]:
        """The voxel nearest to a stored index, moved inside where it lies outside."""
        display = np.clip(np.rint(self.to_display(stored_index)), 0, np.array(self.shape) - 1)
        return tuple(int(i) for i in self.to_stored(display))

    @cached_property
    def end_letters(self) -> tuple[tuple[str, str], ...]:
        """For each display axis the letters at its first and at its last voxel; empty ones where unknown."""
        letters = []
        for stored_axis, flip in zip(self.order, self.flipped, strict=True):
            if self.affine is None or (self.kind == "cine" and stored_axis == 0):
                letters.append(("", ""))
                continue
            direction = self.affine[:3, stored_axis + (3 - self.ndim)]
            ends = (direction_letters(-direction), direction_letters(direction))
            letters.append((ends[1], ends[0]) if flip else ends)
        return tuple(letters)

    def _slice_row_column(self, stored_index: ArrayLike) -> NDArray[np.float64]:
        index = np.asarray(stored_index, dtype=np.float64)
        if self.kind == "volume":
            return index
        return np.array([0.0, *index[-2:]])


def display_grid(scan: Scan) -> DisplayGrid:
    """The display grid of a scan; where its place is unknown or its affine singular, as stored."""
    placed = lies_in_space(scan.affine)
    affine = scan.affine if placed else None
    if affine is not None and scan.kind == "volume":
        return _placed_volume(scan, affine)
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
    )


def _placed_volume(scan: Scan, affine: NDArray[np.float64]) -> DisplayGrid:
    patient_axes, senses = nearest_patient_axes(affine[:3, :3])
    # Display axis 0 runs towards the feet, 1 to the back, 2 to the left: against patient axes 2, 1 and 0.
    order = tuple(patient_axes.index(patient_axis) for patient_axis in (2, 1, 0))
    lengths_mm = np.linalg.norm(affine[:3, :3], axis=0)
    shape = np.array([scan.voxels.shape[axis] for axis in order])
    scale = np.array([lengths_mm[axis] for axis in order])
    # An oblique scan is laid straight about its own centre, which is where its planes are true.
    centre_ras = affine[:3, :3] @ ((np.array(scan.voxels.shape) - 1) / 2) + affine[:3, 3]
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
    )


def _known_spacing(scan: Scan) -> tuple[float, ...] | None:
    spacing = scan.spacing_mm
    if spacing is None and scan.affine is not None and lies_in_space(scan.affine):
        spacing = tuple(float(length) for length in np.linalg.norm(scan.affine[:3, :3], axis=0))
    if spacing is None or len(spacing) < scan.voxels.ndim:
        return None
    spacing = spacing[-scan.voxels.ndim :]
    return spacing if all(np.isfinite(spacing)) and min(spacing) > 0 else None
