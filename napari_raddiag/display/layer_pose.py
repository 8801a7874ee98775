"""How a scan's layers are laid in the viewer's one world: alone at its true place, or side by side with others.

napari has one camera, one slider position and one order of axes for all cells of its grid. Side by side, each scan is
therefore turned so that its own slices follow world axis 0, centred on world 0, and moved along axis 0 so that its own
current slice is the one at the slider. Alone, a scan lies at its true millimetres, and the order of axes makes the
plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_raddiag.display.display_grid import DisplayGrid


@dataclass(frozen=True)
class LayerPose:
    """A turn, a magnification and a shift of everything that lies on one display grid.

    Attributes:
        order: For each layer axis the display axis it shows.
        magnification: World units per unit of the display grid; not 1 only for scans in pixels beside scans in mm.
        shift: Added to world coordinates, by layer axis.
    """

    order: tuple[int, ...]
    magnification: float
    shift: tuple[float, ...]

    def data(self, displayed: NDArray[np.generic]) -> NDArray[np.generic]:
        """A view of an array in display order, colour last, in the order of the layer."""
        return displayed.transpose(*self.order, *range(len(self.order), displayed.ndim))

    def scale(self, display_scale: ArrayLike) -> NDArray[np.float64]:
        """By layer axis, from the scale by display axis."""
        return np.asarray(display_scale, dtype=np.float64)[list(self.order)] * self.magnification

    def translate(self, display_translate: ArrayLike) -> NDArray[np.float64]:
        """By layer axis, from the translation by display axis."""
        return np.asarray(display_translate, dtype=np.float64)[list(self.order)] * self.magnification + self.shift

    def world(self, grid: DisplayGrid, display_index: ArrayLike) -> NDArray[np.float64]:
        """World coordinates, by layer axis, of a display index."""
        index = np.asarray(display_index, dtype=np.float64)[list(self.order)]
        return index * self.scale(grid.scale) + self.translate(grid.translate)

    def display_index(self, grid: DisplayGrid, world: ArrayLike) -> NDArray[np.float64]:
        """Display index, between voxels and perhaps outside, of world coordinates by layer axis."""
        layer_index = (np.asarray(world, dtype=np.float64) - self.translate(grid.translate)) / self.scale(grid.scale)
        index = np.empty(len(self.order))
        index[list(self.order)] = layer_index
        return index


def alone(grid: DisplayGrid) -> LayerPose:
    """At the true place, axes as displayed."""
    return LayerPose(tuple(range(grid.ndim)), 1.0, (0.0,) * grid.ndim)


def side_by_side(
    grid: DisplayGrid, order: tuple[int, ...], magnification: float, display_index: ArrayLike, slider: float | None
) -> LayerPose:
    """Centred on world 0 within the plane, with the current slice at the slider.

    Args:
        grid: Of the scan.
        order: Display axes as (through, down, across), or (down, across) for an image.
        magnification: World units per unit of the grid.
        display_index: The scan's current position.
        slider: World coordinate of the slider; None leaves the scan where it is along its slices.
    """
    unshifted = LayerPose(order, magnification, (0.0,) * grid.ndim)
    middle = unshifted.world(grid, (np.array(grid.shape) - 1) / 2)
    shift = -middle
    if grid.ndim == 3:
        current = unshifted.world(grid, display_index)[0]
        shift[0] = 0.0 if slider is None else slider - current
    return LayerPose(order, magnification, tuple(float(s) for s in shift))
