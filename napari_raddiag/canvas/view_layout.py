"""How scans lie in napari's world: poses, order of axes, slider and cells.

napari has one world for all layers: one slider position and one order of axes. This module makes of it what a reader
expects: a slider with exactly the slices of the scan in view, and cells side by side that each show their own plane and
slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.layer_stack import LayerStack
from napari_raddiag.canvas.seat import Seat, Seats, magnifications
from napari_raddiag.display.layer_pose import LayerPose, alone, side_by_side
from napari_raddiag.display.planes import ViewPlane, axis_order, planes_of, through_axis
from napari_raddiag.display.shared_position import SharedPosition

CELL_GAP_PX = 4


class ViewLayout(QObject):
    """Lays the layers of the stack.

    Signals:
        stepped_by_viewer: The slider was moved, and not by us.
        turned_by_viewer: The axes were rolled or transposed, and not by us.
        refit_wanted: A person asked napari to show everything.
        moved: Something lies elsewhere on the canvas.
    """

    stepped_by_viewer = Signal()
    turned_by_viewer = Signal()
    refit_wanted = Signal()
    moved = Signal()

    def __init__(self, viewer: Any, stack: LayerStack, position: SharedPosition) -> None:
        super().__init__()
        self._viewer = viewer
        self._stack = stack
        self._position = position
        self.is_grid = False
        self._settling = 0
        self._magnified: dict[str, float] = {}
        self._slider_seat: Seat | None = None
        self._grid_before: tuple[bool, int, tuple[int, int], float] = (False, 1, (-1, -1), 0.0)
        viewer.dims.events.point.connect(self._on_point, position="last")
        viewer.dims.events.range.connect(self._on_range, position="last")
        viewer.dims.events.order.connect(self._on_order, position="last")
        viewer.events.reset_view.connect(self._on_reset_view)
        self._moving_events = (
            viewer.scene.camera.events.center,
            viewer.scene.camera.events.zoom,
            viewer.scene.camera.events.orientation,
            viewer.canvas.events.size,
            viewer.dims.events.order,
            viewer.dims.events.ndisplay,
        )
        for event in self._moving_events:
            event.connect(self._on_moved)

    def close(self) -> None:
        """Leave the viewer."""
        self._viewer.dims.events.point.disconnect(self._on_point)
        self._viewer.dims.events.range.disconnect(self._on_range)
        self._viewer.dims.events.order.disconnect(self._on_order)
        self._viewer.events.reset_view.disconnect(self._on_reset_view)
        for event in self._moving_events:
            event.disconnect(self._on_moved)

    def forget(self) -> None:
        """Forget a case that is gone."""
        self._slider_seat = None

    @contextmanager
    def settling(self) -> Iterator[None]:
        """While we move things ourselves, what napari reports is not a step of the reader."""
        self._settling += 1
        try:
            yield
        finally:
            self._settling -= 1

    def set_grid(self, on: bool, seats: Seats, active: Seat | None) -> None:
        """Switch napari's grid, on only with a scan in view; it gets its own settings back afterwards."""
        grid = self._viewer.canvas.grid
        self.is_grid = on and active is not None
        with self.settling():
            if on and active is not None:
                self._grid_before = (grid.enabled, grid.stride, grid.shape, grid.spacing)
                stride = self._stack.align_to_grid()
                # All is laid and seen before napari builds its cells, or it builds them again for each scan.
                self.lay(seats, active)
                self._stack.show(frozenset(seats))
                grid.stride, grid.shape, grid.spacing = stride, (-1, -1), CELL_GAP_PX
                grid.enabled = True
            else:
                grid.enabled, grid.stride, grid.shape, grid.spacing = self._grid_before
                self._stack.release_grid()

    def align(self) -> None:
        """In the grid, keep all layers of a scan in one cell."""
        stride = self._stack.align_to_grid()
        if self._viewer.canvas.grid.stride != stride:
            self._viewer.canvas.grid.stride = stride

    def lay(self, seats: Seats, active: Seat) -> None:
        """Pose every scan and order the axes, for the scan in view and the current place."""
        if self.is_grid:
            self._magnified = magnifications(seats)
            active.pose = self._pose_in_cell(active, slider=None)
            slider = self._slider_of(active)
            for seat in seats.values():
                if seat is not active:
                    seat.pose = self._pose_in_cell(seat, slider)
        else:
            for seat in seats.values():
                seat.pose = alone(seat.grid)
        for scan_id, seat in seats.items():
            self._stack.lay(scan_id, seat.pose)
        self._set_units(seats, active)
        self._set_order(active)
        self._set_slider(active)
        self._set_point(active)

    def follow_position(self, seats: Seats, active: Seat) -> None:
        """Show the current place, after it changed."""
        with self.settling():
            self._set_point(active)
            if self.is_grid:
                slider = self._slider_of(active)
                for scan_id, seat in seats.items():
                    if seat is not active and seat.grid.ndim == 3:
                        seat.pose = self._pose_in_cell(seat, slider)
                        self._stack.shift_along_slider(scan_id, seat.pose)
        self.moved.emit()

    def follow_slider(self, seats: Seats, active: str | None) -> None:
        """Give the slider back the slices of the scan in view, after layers came or went."""
        if active is not None and active in seats:
            with self.settling():
                self._set_slider(seats[active])
                self._set_point(seats[active])

    def read_position(self, seat: Seat) -> bool:
        """Take the place over from napari's slider; False if it is still in the same slice."""
        through = through_axis(seat.grid, seat.plane)
        if through is None or self._viewer.dims.ndim < 3:
            return False
        world = np.array(self._viewer.dims.point[-3:], dtype=np.float64)
        at_slider = seat.pose.display_index(seat.grid, world)[through]
        display = seat.grid.to_display(self._position.index(seat.scan, seat.grid))
        slice_index = float(np.clip(np.rint(at_slider), 0, seat.grid.shape[through] - 1))
        if round(float(display[through])) == slice_index:
            return False
        display[through] = slice_index
        self._position.set(seat.scan, seat.grid, tuple(seat.grid.to_stored(display)))
        return True

    def turn_of(self, seat: Seat) -> tuple[ViewPlane, bool] | None:
        """The plane that napari shows of a scan alone, and whether it is transposed; None for no plane of the scan."""
        grid, dims = seat.grid, self._viewer.dims
        order = tuple(axis - (dims.ndim - grid.ndim) for axis in dims.order[-grid.ndim :])
        if self.is_grid or sorted(order) != list(range(grid.ndim)):
            return None
        for plane in planes_of(grid):
            upright = (0, 1) if grid.ndim == 2 else axis_order(plane)
            if order[:-2] == upright[:-2]:
                return plane, order != upright
        return None

    # --- Inside ---

    def _display_index(self, seat: Seat) -> Any:
        """Display index of the current place, on a slice that the scan has."""
        index = seat.grid.to_display(self._position.index(seat.scan, seat.grid))
        through = through_axis(seat.grid, seat.plane)
        if through is not None:
            index[through] = np.clip(np.rint(index[through]), 0, seat.grid.shape[through] - 1)
        return index

    def _pose_in_cell(self, seat: Seat, slider: float | None) -> LayerPose:
        order = (0, 1) if seat.grid.ndim == 2 else axis_order(seat.plane)
        return side_by_side(seat.grid, order, self._magnified[seat.scan.id], self._display_index(seat), slider)

    def _slider_of(self, seat: Seat) -> float | None:
        if seat.grid.ndim == 2:
            return 0.0
        return float(seat.pose.world(seat.grid, self._display_index(seat))[0])

    def _set_order(self, active: Seat) -> None:
        ndim = self._viewer.dims.ndim
        if self.is_grid:
            order: tuple[int, ...] = tuple(range(min(ndim, 3)))
        else:
            through = through_axis(active.grid, active.plane)
            order = (*(() if through is None else (through,)), *active.screen_axes)
        if ndim < len(order):
            return  # a person removed the layer in view, and with it the third axis
        leading = ndim - len(order)
        wanted = (*range(leading), *(axis + leading for axis in order))
        if tuple(self._viewer.dims.order) != wanted:
            # The camera is ours to put; napari would fit all layers to the window, hidden ones too.
            with self._viewer.dims.events.order.blocker(self._viewer.fit_to_view):
                self._viewer.dims.order = wanted

    def _set_slider(self, active: Seat) -> None:
        """Let napari's slider have exactly the slices of the scan in view."""
        self._slider_seat = active
        dims = self._viewer.dims
        if dims.ndim < 3 or self._foreign_volume_in_sight():
            return
        pose, grid = active.pose, active.grid
        scale, start = pose.scale(grid.scale), pose.translate(grid.translate)
        lengths = np.array(grid.shape)[list(pose.order)]
        ranges = list(dims.range)
        for axis in range(grid.ndim):
            first, step = float(start[axis]), float(scale[axis])
            ranges[axis - grid.ndim] = (first, first + step * (int(lengths[axis]) - 1), step)
        if grid.ndim == 2:
            ranges[-3] = (0.0, 0.0, 1.0)  # nothing to step through
        if self.is_grid and grid.ndim == 3:
            labels = [grid.axis_labels[axis] for axis in pose.order]
            dims.axis_labels = (*dims.axis_labels[:-3], *labels)
        if tuple(tuple(r) for r in dims.range) != tuple(tuple(r) for r in ranges):
            dims.range = tuple(ranges)

    def _set_point(self, active: Seat) -> None:
        dims = self._viewer.dims
        if active.grid.ndim == 2:
            if dims.ndim >= 3:
                dims.set_point(dims.ndim - 3, 0.0)
            return
        if dims.ndim < 3:
            return  # a person removed the layer in view
        world = active.pose.world(active.grid, self._display_index(active))
        through = through_axis(active.grid, active.plane)
        axis = 0 if self.is_grid or through is None else through
        dims.set_point(dims.ndim - 3 + axis, float(world[axis]))

    def _set_units(self, seats: Seats, active: Seat) -> None:
        """One unit for all our layers, as napari wants it: millimetres only if all that is in view lies in them."""
        shown = seats.values() if self.is_grid else (active,)
        in_mm = all(seat.grid.units == "mm" and seat.pose.magnification == 1 for seat in shown)
        self._stack.set_unit("mm" if in_mm else "pixel")

    def _foreign_volume_in_sight(self) -> bool:
        return any(layer.visible and layer.ndim >= 3 and not self._stack.owns(layer) for layer in self._viewer.layers)

    def _on_point(self) -> None:
        if not self._settling:
            self.stepped_by_viewer.emit()

    def _on_order(self) -> None:
        if not self._settling:
            self.turned_by_viewer.emit()

    def _on_range(self) -> None:
        """napari takes the slider over all layers whenever one comes, goes or moves."""
        if self._slider_seat is not None and not self._settling:
            with self.settling():
                self._set_slider(self._slider_seat)

    def _on_reset_view(self) -> None:
        """napari's "home" fits all layers, hidden ones too; a reader means what is in view."""
        if not self._settling:
            self.refit_wanted.emit()

    def _on_moved(self) -> None:
        self.moved.emit()
