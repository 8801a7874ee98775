"""Which voxel of each scan is the current one, and the ways to another: stepping, jumping, napari's own slider."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.seat import Seats
from napari_raddiag.canvas.view_camera import ViewCamera
from napari_raddiag.canvas.view_layout import ViewLayout
from napari_raddiag.display.planes import through_axis
from napari_raddiag.display.shared_position import SharedPosition


class SliceNavigation(QObject):
    """Moves the place in the scans of a case; scans that share a space move with each other.

    Signals:
        moved: Id of the scan whose current voxel changed, and with it those that share its space.

    Args:
        seats: Of all scans; the mapping follows the case.
        position: The place.
        layout: Shows it.
        camera: Brings it into sight.
        in_view: Id of the scan in view; None for none.
        activate: Brings a scan into view.
    """

    moved = Signal(str)

    def __init__(
        self,
        seats: Seats,
        position: SharedPosition,
        layout: ViewLayout,
        camera: ViewCamera,
        in_view: Callable[[], str | None],
        activate: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._seats = seats
        self._position = position
        self._layout = layout
        self._camera = camera
        self._in_view = in_view
        self._activate = activate
        layout.stepped_by_viewer.connect(self._note_step)

    def index(self, scan_id: str) -> tuple[int, ...]:
        """The current voxel of a scan, stored index."""
        seat = self._seats[scan_id]
        return seat.grid.nearest_voxel(self._position.index(seat.scan, seat.grid))

    def go_to(self, scan_id: str, stored_index: Sequence[float], *, in_sight: bool = True) -> None:
        """Bring a scan into view at one of its voxels, and if `in_sight` move a zoomed-in view so that it is seen."""
        self._activate(scan_id)
        seat = self._seats[scan_id]
        self._position.set(seat.scan, seat.grid, stored_index)
        self._layout.follow_position(self._seats, seat)
        if in_sight:
            self._camera.bring_into_sight(seat, alone=not self._layout.is_grid)
        self.moved.emit(scan_id)

    def can_step(self, scan_id: str) -> bool:
        """True if a scan has more than one slice or frame in its plane."""
        seat = self._seats[scan_id]
        through = through_axis(seat.grid, seat.plane)
        return through is not None and seat.grid.shape[through] > 1

    def step_slice(self, steps: int = 1, *, around: bool = False) -> None:
        """Go on by whole slices of the scan in view, towards feet, back or left; stops at the ends, or goes around."""
        active = self._in_view()
        if active is None or not self.can_step(active):
            return
        seat = self._seats[active]
        through = through_axis(seat.grid, seat.plane)
        assert through is not None
        display = seat.grid.to_display(self._position.index(seat.scan, seat.grid))
        last = seat.grid.shape[through] - 1
        target = round(float(display[through])) + steps
        display[through] = target % (last + 1) if around else min(max(target, 0), last)
        self._position.set(seat.scan, seat.grid, tuple(seat.grid.to_stored(display)))
        self._layout.follow_position(self._seats, seat)
        self.moved.emit(seat.scan.id)

    def stored_index_at(self, scan_id: str, world: Sequence[float]) -> NDArray[np.float64]:
        """Stored index, between voxels and perhaps outside, at a position of a mouse event over the scan."""
        seat = self._seats[scan_id]
        return seat.grid.to_stored(seat.pose.display_index(seat.grid, np.asarray(world)[-seat.grid.ndim :]))

    def _note_step(self) -> None:
        """napari's slider, arrow keys or another plugin moved the slice."""
        active = self._in_view()
        if active is None:
            return
        seat = self._seats[active]
        if self._layout.read_position(seat):
            self._layout.follow_position(self._seats, seat)
            self.moved.emit(seat.scan.id)
