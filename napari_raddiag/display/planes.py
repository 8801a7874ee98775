"""The planes a scan can be seen in, and the order of axes that shows each the radiological way."""

from __future__ import annotations

from typing import Literal

from napari_raddiag.display.display_grid import DisplayGrid

ViewPlane = Literal["axial", "coronal", "sagittal", "acquired"]
# By the display axis that the slices follow one another along: towards the feet, the back, the left.
PLANES: tuple[ViewPlane, ...] = ("axial", "coronal", "sagittal")


def planes_of(grid: DisplayGrid) -> tuple[ViewPlane, ...]:
    """The planes this scan can be shown in: all three for a volume whose place is known, else as it was acquired."""
    return PLANES if grid.is_placed_volume else ("acquired",)


def acquired_plane(grid: DisplayGrid) -> ViewPlane:
    """The plane nearest to the acquired slices."""
    return PLANES[grid.slice_axis] if grid.is_placed_volume else "acquired"


def axis_order(plane: ViewPlane) -> tuple[int, int, int]:
    """Display axes as (through the plane, down the screen, across the screen)."""
    through = 0 if plane == "acquired" else PLANES.index(plane)
    down, across = (axis for axis in range(3) if axis != through)
    return through, down, across


def through_axis(grid: DisplayGrid, plane: ViewPlane) -> int | None:
    """The display axis that the wheel steps along; None for a single image."""
    return None if grid.ndim == 2 else axis_order(plane)[0]
