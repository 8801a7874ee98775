"""How a scan's array is turned for the screen, and where its voxels then lie. Knows no canvas and no values.

How the turn of a scan is found is in `grid_of_scan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_raddiag.display.patient_axes import degrees_off_axes, direction_letters, opposite_letters
from napari_raddiag.display.slice_places import SlicePlaces
from raddiag_engine.cases.scan import Kind

Value = TypeVar("Value", bound=np.generic)

# Below this a scan is called after the patient's axes without a word, as in the readers' warnings.
OBLIQUE_DEGREES = 5.0


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
        slice_places: What the affine takes instead of slice numbers; None where it takes these.
        header_letters: Directions along a row and down a column in letters, such as ("L", "F"), where there is no
            affine but the header gives them; else None.
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
    slice_places: SlicePlaces | None = None
    header_letters: tuple[str, str] | None = None

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
        """(3,) true place in the patient, RAS+ mm, through slice places and affine; None where the file does not say.

        Between two slices it lies between their places.
        """
        if self.affine is None:
            return None
        index = self._slice_row_column(stored_index)
        if self.slice_places is not None:
            index[0] = self.slice_places.place_of(index[0])
        return np.asarray(self.affine[:3, :3] @ index + self.affine[:3, 3])

    @cached_property
    def display_affine(self) -> NDArray[np.float64] | None:
        """(4, 4), display index (three axes, 1) to RAS+ mm, the first axis 0 for an image; None where unknown.

        Where there are `display_places`, it is right for these instead of the index along `slice_axis`.
        """
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

    @property
    def display_places(self) -> SlicePlaces | None:
        """The slice places along `slice_axis` as displayed, for `display_affine`; None where that is right as it is."""
        if self.slice_places is None or not self.flipped[self.slice_axis]:
            return self.slice_places
        return self.slice_places.reversed()

    def stored_of_ras(self, ras_mm: ArrayLike) -> NDArray[np.float64] | None:
        """Stored index, between voxels and perhaps outside, of a place in the patient; None where unknown.

        An image has no slice coordinate: the place is projected onto it along its slices.
        """
        if self.affine is None or self.kind == "cine":
            return None
        index = np.linalg.solve(self.affine[:3, :3], np.asarray(ras_mm, dtype=np.float64) - self.affine[:3, 3])
        if self.slice_places is not None:
            index[0] = self.slice_places.index_of(index[0])
        return np.asarray(index[1:] if self.ndim == 2 else index, dtype=np.float64)

    def inside(self, stored_index: ArrayLike) -> bool:
        """True if the index, rounded, is of a voxel."""
        display = np.rint(self.to_display(stored_index))
        return bool((display >= 0).all() and (display < self.shape).all())

    def in_gap(self, stored_index: ArrayLike) -> bool:
        """True if the index lies where slices are missing, so that no slice of the scan shows its place."""
        index = np.asarray(stored_index, dtype=np.float64)
        return self.slice_places is not None and self.slice_places.is_in_gap(float(index[0]))

    def nearest_voxel(self, stored_index: ArrayLike) -> tuple[int, ...]:
        """The voxel nearest to a stored index, moved inside where it lies outside."""
        display = np.clip(np.rint(self.to_display(stored_index)), 0, np.array(self.shape) - 1)
        return tuple(int(i) for i in self.to_stored(display))

    @cached_property
    def end_letters(self) -> tuple[tuple[str, str], ...]:
        """For each display axis the letters at its first and at its last voxel; empty ones where unknown."""
        letters = []
        for stored_axis, flip in zip(self.order, self.flipped, strict=True):
            first, last = self._ends(stored_axis)
            letters.append((last, first) if flip else (first, last))
        return tuple(letters)

    def _ends(self, stored_axis: int) -> tuple[str, str]:
        """Letters at the first and at the last voxel along a stored axis."""
        axis = stored_axis + (3 - self.ndim)
        if axis == 0 and self.kind == "cine":
            return "", ""
        if self.affine is not None:
            direction = self.affine[:3, axis]
            return direction_letters(-direction), direction_letters(direction)
        if self.header_letters is None or axis == 0:
            return "", ""
        along_row, down_column = self.header_letters
        towards = along_row if axis == 2 else down_column
        return opposite_letters(towards), towards

    def _slice_row_column(self, stored_index: ArrayLike) -> NDArray[np.float64]:
        index = np.array(stored_index, dtype=np.float64)
        if self.kind == "volume":
            return index
        return np.array([0.0, *index[-2:]])
