"""Exactly what the network is given of a scan, laid where the scan lies on its display grid. Knows no canvas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from raddiag_engine.preparation import PreparedScan


@dataclass(frozen=True, eq=False)
class NetworkView:
    """A prepared scan as an array for the canvas.

    Attributes:
        voxels: The network's values, on the axes of the display grid; a view.
        scale: For each axis, in the units of the display grid.
        translate: World coordinates of the first voxel.
    """

    voxels: NDArray[np.float32]
    scale: tuple[float, ...]
    translate: tuple[float, ...]


def network_view(prepared: PreparedScan, grid: DisplayGrid) -> NetworkView:
    """The prepared voxels on the display grid's axes; prepared slices lie at their mean places among acquired ones."""
    voxels = prepared.voxels if prepared.is_volume else prepared.voxels.reshape(-1, *prepared.voxels.shape[-2:])[:1]
    # The prepared axes are those of the acquired slices as displayed: (slices, down, across).
    through = grid.slice_axis
    display_axes = (through, *(axis for axis in range(3) if axis != through)) if grid.ndim == 3 else (0, 1)
    scale, translate = np.ones(grid.ndim), np.zeros(grid.ndim)
    in_slice = display_axes[-2:]
    for axis, size_px in zip(in_slice, voxels.shape[-2:], strict=True):
        # The outer edges of both grids are the same.
        stretch = grid.shape[axis] / size_px
        scale[axis] = grid.scale[axis] * stretch
        translate[axis] = grid.translate[axis] + grid.scale[axis] * (stretch - 1) / 2
    if grid.ndim == 2:
        return NetworkView(voxels[0], tuple(scale), tuple(translate))
    step, first = _depth_line(prepared)
    if prepared.is_volume and prepared.plan.orientation.flipped[0] != grid.flipped[through]:
        # The network reads axial slices from below, the display from above: the same voxels, last slice first.
        voxels = voxels[::-1]
        first = prepared.plan.depth.acquired - 1 - (first + step * (len(voxels) - 1))
    scale[through] = grid.scale[through] * step
    translate[through] = grid.translate[through] + grid.scale[through] * first
    turned = np.moveaxis(voxels, 0, through)
    return NetworkView(turned, tuple(float(s) for s in scale), tuple(float(t) for t in translate))


def _depth_line(prepared: PreparedScan) -> tuple[float, float]:
    """Step and start of the prepared slices among the acquired ones, in display order of the preparation."""
    if not prepared.is_volume:
        return 1.0, float(prepared.slices[0])  # the one frame used of a loop
    positions = prepared.plan.depth.positions
    if len(positions) == 1:
        return float(prepared.plan.depth.acquired), (prepared.plan.depth.acquired - 1) / 2
    step, first = np.polyfit(np.arange(len(positions)), positions, 1)
    return float(step), float(first)
