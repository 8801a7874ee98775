"""Lines through the current place, on every scan in sight that shares its space; a left drag moves them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import Signal

from napari_raddiag.canvas.canvas_cells import CanvasCell, canvas_cells, to_canvas_px
from napari_raddiag.canvas.canvas_marks import CanvasMarks, Stroke
from napari_raddiag.canvas.mouse import LEFT_BUTTON, camera_at_rest, is_plain_press
from napari_raddiag.canvas.redrawing import Redrawing
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.canvas.tool_limits import why_no_crosshair
from napari_raddiag.display.shared_position import frame_key

# The place itself stays free to be seen.
GAP_PX = 9.0


class Crosshair(Redrawing):
    """Off at first.

    Signals:
        shown_changed: True while the lines are wanted.
    """

    shown_changed = Signal(bool)

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__(layers)
        self.shown = False
        self.marks = CanvasMarks(layers.viewer)
        layers.viewer.mouse_drag_callbacks.append(self._on_drag)

    def set_shown(self, shown: bool) -> None:
        """Show the lines or take them away."""
        if shown != self.shown:
            self.shown = shown
            self.redraw()
            self.shown_changed.emit(shown)

    def toggle(self) -> None:
        """Show the lines if they are hidden, and the other way around."""
        self.set_shown(not self.shown)

    def redraw(self) -> None:
        """Draw the lines of all cells."""
        strokes: list[Stroke] = []
        active = self.layers.active
        if self.shown and active is not None and not why_no_crosshair(self.layers.seat(active)):
            in_hand = self.layers.seat(active)
            frame = frame_key(in_hand.scan, in_hand.grid)
            for cell in canvas_cells(self.layers):
                seat = self.layers.seat(cell.scan_id)
                if frame_key(seat.scan, seat.grid) == frame and self.layers.position.is_in(seat.scan, seat.grid):
                    strokes += self._lines(cell)
        self.marks.draw(strokes=strokes)

    def close(self) -> None:
        """Take the lines off the canvas."""
        super().close()
        self.layers.viewer.mouse_drag_callbacks.remove(self._on_drag)
        self.marks.close()

    def _lines(self, cell: CanvasCell) -> Iterator[Stroke]:
        seat = self.layers.seat(cell.scan_id)
        x, y = to_canvas_px(self.layers, cell, self.layers.position.index(seat.scan, seat.grid))
        left, right = cell.left_px, cell.left_px + cell.width_px
        top, bottom = cell.top_px, cell.top_px + cell.height_px
        # Nothing reaches into the neighbour's cell.
        if left <= x <= right:
            yield Stroke((x, top), (x, max(top, min(y - GAP_PX, bottom))))
            yield Stroke((x, min(bottom, max(y + GAP_PX, top))), (x, bottom))
        if top <= y <= bottom:
            yield Stroke((left, y), (max(left, min(x - GAP_PX, right)), y))
            yield Stroke((min(right, max(x + GAP_PX, left)), y), (right, y))

    def _on_drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        scan_id = self.layers.scan_at(event.viewbox)
        if not self.shown or scan_id is None or why_no_crosshair(self.layers.seat(scan_id)):
            return
        if not is_plain_press(self.layers, event, LEFT_BUTTON):
            return
        with camera_at_rest(self.layers):
            event.handled = True
            scan = self.layers.scan(scan_id)
            self._move(scan_id, event)
            yield
            while event.type == "mouse_move" and self.layers.still_shows(scan):
                event.handled = True
                self._move(scan_id, event)
                yield

    def _move(self, scan_id: str, event: Any) -> None:
        index = self.layers.navigation.stored_index_at(scan_id, event.position)
        seat = self.layers.seat(scan_id)
        if seat.grid.in_gap(index):
            index[0] = round(float(index[0]))  # what is seen there is the nearest slice
        if seat.grid.inside(index):
            self.layers.navigation.go_to(scan_id, tuple(float(i) for i in index), in_sight=False)
