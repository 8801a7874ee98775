"""Where and how one scan is shown, and how large beside others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from napari_raddiag.display.layer_pose import LayerPose, alone
from napari_raddiag.display.planes import ViewPlane, axis_order
from napari_raddiag.display.shared_position import frame_key
from raddiag_engine.cases import Scan

# Side by side, scans keep their true sizes unless one would be too small to read beside the largest.
SMALLEST_TRUE_SHARE = 0.6


@dataclass
class Seat:
    """A scan on the canvas.

    Attributes:
        scan: The scan.
        grid: How it is turned.
        plane: The plane it is shown in.
        transposed: A person had napari swap rows and columns.
        pose: How its layers are laid now.
    """

    scan: Scan
    grid: DisplayGrid
    plane: ViewPlane
    transposed: bool = False
    pose: LayerPose = field(init=False)

    def __post_init__(self) -> None:
        self.pose = alone(self.grid)

    @property
    def screen_axes(self) -> tuple[int, int]:
        """Display axes that run down and across the screen."""
        down, across = (0, 1) if self.grid.ndim == 2 else axis_order(self.plane)[1:]
        return (across, down) if self.transposed else (down, across)

    @property
    def screen_size(self) -> NDArray[np.float64]:
        """Height and width in its plane, in the units of its grid."""
        axes = list(self.screen_axes)
        return np.array(self.grid.scale)[axes] * np.array(self.grid.shape)[axes]


Seats = Mapping[str, Seat]


def magnifications(seats: Seats) -> dict[str, float]:
    """By scan id, world units per unit of its grid in the cells side by side.

    1 for scans in millimetres, which then compare in size, unless one would be much smaller than the largest: then each
    space fills its cells. Scans of unknown size always do.
    """
    largest_of: dict[str, float] = {}
    in_mm = set()
    for seat in seats.values():
        key = frame_key(seat.scan, seat.grid)
        largest_of[key] = max(largest_of.get(key, 0.0), float(seat.screen_size.max()))
        if seat.grid.units == "mm":
            in_mm.add(key)
    lengths_mm = [largest_of[key] for key in in_mm]
    reference = max(lengths_mm or largest_of.values())
    true_sizes = bool(lengths_mm) and min(lengths_mm) >= SMALLEST_TRUE_SHARE * reference
    by_key = {key: 1.0 if true_sizes and key in in_mm else reference / largest for key, largest in largest_of.items()}
    return {scan_id: by_key[frame_key(seat.scan, seat.grid)] for scan_id, seat in seats.items()}
