"""Lengths by a left drag, drawn on the slice they were measured on; refused where they could be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Signal

from napari_raddiag.canvas.canvas_cells import CanvasCell, canvas_cells, to_canvas_px
from napari_raddiag.canvas.canvas_marks import CanvasMarks, Stroke, Words
from napari_raddiag.canvas.mouse import LEFT_BUTTON, camera_at_rest, is_plain_press
from napari_raddiag.canvas.redrawing import Redrawing
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.canvas.tool_limits import why_no_ruler
from napari_raddiag.display.measuring import length_mm, why_not_between
from napari_raddiag.display.planes import ViewPlane, through_axis
from raddiag_engine.cases import Scan

COLOUR = (140, 255, 140)
END_PX = 5.0
SHORTEST_DRAG_PX = 3.0


@dataclass(frozen=True)
class Measurement:
    """One length.

    Attributes:
        scan_id: Where it was measured.
        plane: In which plane.
        start, end: Stored indices, between voxels.
        length_mm: Through the scan's affine or spacing.
    """

    scan_id: str
    plane: ViewPlane
    start: tuple[float, ...]
    end: tuple[float, ...]
    length_mm: float


class Ruler(Redrawing):
    """Off at first.

    Signals:
        on_changed: True while a left drag measures.
        refused: Why nothing was measured, one line.
        measured: A length in millimetres.
    """

    on_changed = Signal(bool)
    refused = Signal(str)
    measured = Signal(float)

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__(layers)
        self.on = False
        self.measurements: list[Measurement] = []
        self.marks = CanvasMarks(layers.viewer, COLOUR, opacity=0.95, width_px=1.5)
        layers.viewer.mouse_drag_callbacks.append(self._on_drag)
        layers.active_changed.connect(self._check)
        layers.plane_changed.connect(self._check)

    def set_on(self, on: bool) -> str:
        """Take the ruler in hand, or put it away with its lengths.

        Returns:
            Why it is refused for the scan in view; empty if it is not.
        """
        why_not = self._why_not() if on else ""
        if why_not:
            self.refused.emit(why_not)
        wanted = on and not why_not
        if not wanted:
            self.measurements.clear()
            self.redraw()
        if wanted != self.on:
            self.on = wanted
            self.on_changed.emit(wanted)
        return why_not

    def toggle(self) -> None:
        """Take it in hand or put it away."""
        self.set_on(not self.on)

    def redraw(self) -> None:
        """Draw the lengths of what is in sight."""
        words: list[Words] = []
        strokes: list[Stroke] = []
        for cell in canvas_cells(self.layers):
            for measurement in self.measurements:
                if self._is_in_sight(measurement, cell):
                    line, label = self._drawn(measurement, cell)
                    strokes += line
                    words.append(label)
        self.marks.draw(words, strokes)

    def close(self) -> None:
        """Take it off the canvas."""
        super().close()
        self.layers.viewer.mouse_drag_callbacks.remove(self._on_drag)
        self.layers.active_changed.disconnect(self._check)
        self.layers.plane_changed.disconnect(self._check)
        self.marks.close()

    def _why_not(self) -> str:
        active = self.layers.active
        return "no scan in view" if active is None else why_no_ruler(self.layers.seat(active))

    def _check(self, _what: str) -> None:
        """What is in view now may not be measurable; then the ruler is put away, with the reason."""
        if self.on and self._why_not():
            self.set_on(True)
            self.on = False

    def _on_drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        scan_id = self.layers.scan_at(event.viewbox)
        if not self.on or scan_id is None or not is_plain_press(self.layers, event, LEFT_BUTTON):
            return
        with camera_at_rest(self.layers):
            event.handled = True
            if self.layers.is_grid:
                self.layers.activate(scan_id)
            why_not = why_no_ruler(self.layers.seat(scan_id))
            if why_not:
                self.refused.emit(why_not)
                return
            scan, start, start_px = self.layers.scan(scan_id), self._index(scan_id, event), tuple(event.pos)
            plane, drawn = self.layers.plane(scan_id), False
            yield
            while event.type == "mouse_move" and self.on and self._is_same(scan, plane):
                event.handled = True
                far = max(abs(event.pos[0] - start_px[0]), abs(event.pos[1] - start_px[1]))
                end = self._index(scan_id, event)
                before, why_not = why_not, why_not_between(scan, start, end) or ""
                if why_not:
                    # No number may stand there while the mouse is where none holds.
                    self._take_back(drawn)
                    drawn = False
                    if not before:
                        self.refused.emit(why_not)
                elif far >= SHORTEST_DRAG_PX:
                    self._measure(scan_id, start, end, replacing=drawn)
                    drawn = True
                yield
            if drawn and self.measurements and self._is_same(scan, plane):
                self.measured.emit(self.measurements[-1].length_mm)

    def _is_same(self, scan: Scan, plane: ViewPlane) -> bool:
        """True if a drag still goes over what it began on: case, layer or plane may change under the mouse."""
        return self.layers.still_shows(scan) and self.layers.plane(scan.id) == plane

    def _index(self, scan_id: str, event: Any) -> tuple[float, ...]:
        return tuple(float(i) for i in self.layers.navigation.stored_index_at(scan_id, event.position))

    def _measure(self, scan_id: str, start: tuple[float, ...], end: tuple[float, ...], *, replacing: bool) -> None:
        seat = self.layers.seat(scan_id)
        length = length_mm(seat.grid, start, end)
        measurement = Measurement(scan_id, seat.plane, start, end, length)
        self.measurements[len(self.measurements) - replacing :] = [measurement]
        self.schedule()

    def _take_back(self, drawn: bool) -> None:
        """Remove the length that is being drawn, if there is one."""
        if drawn and self.measurements:
            self.measurements.pop()
            self.schedule()

    def _is_in_sight(self, measurement: Measurement, cell: CanvasCell) -> bool:
        seat = self.layers.seat(cell.scan_id)
        if measurement.scan_id != cell.scan_id or measurement.plane != seat.plane:
            return False
        through = through_axis(seat.grid, seat.plane)
        if through is None:
            return True
        measured_on = seat.grid.to_display(measurement.start)[through]
        return round(float(measured_on)) == round(
            float(seat.grid.to_display(self.layers.navigation.index(cell.scan_id))[through])
        )

    def _drawn(self, measurement: Measurement, cell: CanvasCell) -> tuple[list[Stroke], Words]:
        (x0, y0), (x1, y1) = (to_canvas_px(self.layers, cell, end) for end in (measurement.start, measurement.end))
        along = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-6)
        across = (-(y1 - y0) / along * END_PX, (x1 - x0) / along * END_PX)
        strokes = [Stroke((x0, y0), (x1, y1))]
        strokes += [
            Stroke((x - across[0], y - across[1]), (x + across[0], y + across[1])) for x, y in ((x0, y0), (x1, y1))
        ]
        # Beside the end that lies further right, where no line runs through it.
        x, y = (x1, y1) if x1 >= x0 else (x0, y0)
        return strokes, Words(f"{measurement.length_mm:.1f} mm", x + 10, y, "left", 13, COLOUR)
