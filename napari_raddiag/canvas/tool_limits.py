"""What a scan does not allow in the plane it is shown in, and why."""

from __future__ import annotations

from napari_raddiag.canvas.seat import Seat
from napari_raddiag.display.measuring import why_not_measurable
from napari_raddiag.display.planes import through_axis
from napari_raddiag.display.shared_position import is_linked


def why_no_ruler(seat: Seat) -> str:
    """Why lengths cannot be measured in the plane a scan is shown in; empty if they can."""
    across_slices = seat.grid.ndim == 3 and through_axis(seat.grid, seat.plane) != seat.grid.slice_axis
    return why_not_measurable(seat.scan, seat.grid, across_slices=across_slices) or ""


def why_no_crosshair(seat: Seat) -> str:
    """Why a crosshair would say nothing; empty if it is offered."""
    if seat.grid.is_placed_volume or is_linked(seat.scan, seat.grid):
        return ""
    return "no crosshair: the file does not say where in the patient this lies"
