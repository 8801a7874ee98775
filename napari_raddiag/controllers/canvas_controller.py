"""Joins the session to the canvas: which scans are shown, in which window, and what the model adds to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.canvas.tool_limits import why_no_crosshair, why_no_ruler
from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.session.loaded_case import LoadedCase
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.widgets.display_bar import PLANES, DisplayChoices
from raddiag_engine.cases import Case, Window
from raddiag_engine.preparation.windowing import is_valid


class CanvasController(QObject):
    """The canvas follows the session and the evidence; what the reader does on the canvas is told on.

    Signals:
        choices_changed: What can be done with the scan in view changed.
        display_window_changed: The reader changed a window on the screen.

    Args:
        session: The case.
        evidence: What is shown of it.
        canvas: Of the viewer.
        parent: Owner.
    """

    choices_changed = Signal()
    display_window_changed = Signal()

    def __init__(
        self, session: ReadingSession, evidence: EvidenceRunner, canvas: ReadingCanvas, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.evidence = evidence
        self.canvas = canvas
        self._first: Case | None = None
        session.case_changed.connect(self._case_changed)
        session.case_edited.connect(self._case_edited)
        evidence.changed.connect(self._show_evidence)
        evidence.peak_changed.connect(self._go_to_peak)
        layers = canvas.layers
        layers.active_changed.connect(lambda _scan_id: self.choices_changed.emit())
        layers.plane_changed.connect(lambda _plane: self.choices_changed.emit())
        layers.grid_changed.connect(lambda _on: self.choices_changed.emit())
        layers.window_changed.connect(lambda *_window: self.display_window_changed.emit())

    @property
    def display_windows(self) -> dict[str, Window]:
        """Scan id -> window on the screen, of the scans whose window the reader changed."""
        # Without its name, which may be free text of the file: it is kept on disk.
        return {scan_id: replace(window, name="") for scan_id, window in self.canvas.layers.windows.chosen.items()}

    @property
    def choices(self) -> DisplayChoices | None:
        """What can be done with the scan in view; None if there is none."""
        layers, scan_id = self.canvas.layers, self.canvas.layers.active
        if scan_id is None:
            return None
        return DisplayChoices(
            windows=tuple((window.name or "file", window) for window in layers.windows.choices(scan_id)),
            planes=tuple(plane for plane in layers.planes(scan_id) if plane in PLANES),
            plane=layers.plane(scan_id) if layers.plane(scan_id) in PLANES else "",
            no_ruler=why_no_ruler(layers.seat(scan_id)),
            no_crosshair=why_no_crosshair(layers.seat(scan_id)),
            is_cine=layers.scan(scan_id).kind == "cine",
            several=len(layers.scan_ids) > 1,
        )

    @property
    def window(self) -> Window | None:
        """Of the scan in view on the screen; None if there is no scan, or if it is in colour."""
        layers = self.canvas.layers
        if layers.active is None or layers.scan(layers.active).colour is not None:
            return None
        return layers.windows.of(layers.active)

    def restore_windows(self, windows: dict[str, Window]) -> None:
        """Show scans in the windows of a kept session, with the function (PS3.3 C.11.2.1.3) that each had."""
        layers = self.canvas.layers
        for scan_id, window in windows.items():
            if scan_id in layers.scan_ids and is_valid(window):
                layers.windows.set(scan_id, window)

    def set_display_window(self, window: Window) -> None:
        """Show the scan in view in a window."""
        layers = self.canvas.layers
        if layers.active is not None:
            layers.windows.set(layers.active, window)

    def give_network_window(self, given: bool) -> None:
        """Let the network see the scan in view through the window on the screen, or through the prescribed one."""
        layers = self.canvas.layers
        if layers.active is not None:
            self.session.give_window(layers.active, layers.windows.of(layers.active) if given else None)

    def actions(self) -> dict[str, Callable[[], object]]:
        """By the names of the shortcuts: those of the canvas and of the evidence."""
        return {
            **self.canvas.actions(),
            "next_peak": lambda: self.evidence.step_peak(1),
            "previous_peak": lambda: self.evidence.step_peak(-1),
        }

    def show_first(self, first: LoadedCase | None) -> None:
        """Show the scan that was read first until the case is there, or take it away; nothing if a case is open."""
        if self.session.case is not None:
            return
        self._first = None if first is None else first.case
        if first is None:
            self.canvas.layers.clear()
        else:
            self.canvas.layers.show_case(first.case, automatic_windows=first.automatic_windows)
        self.choices_changed.emit()

    def _case_changed(self) -> None:
        canvas, case = self.canvas, self.session.case
        canvas.saliency.clear()
        canvas.network_view.clear()
        first, self._first = self._first, None
        # The scan that was shown while the others were read stays as the reader has it before the eyes.
        if case is None or first is None or not _is_part_of(first, case):
            canvas.layers.clear()
        if case is not None:
            # napari takes long for each layer: the window breathes between two of them.
            canvas.layers.show_case(case, gradually=True, automatic_windows=self.session.automatic_windows)
        self.choices_changed.emit()

    def _case_edited(self) -> None:
        if self.session.case is not None:
            # Names follow what a person says the scans are; what the network saw of them may not hold any more.
            self.canvas.network_view.clear()
            self.canvas.layers.show_case(self.session.case, gradually=True)
            self.choices_changed.emit()

    def _show_evidence(self) -> None:
        saliency, maps = self.canvas.saliency, self.evidence.maps
        if not maps:
            saliency.put_away()
            return
        saliency.show(maps, "evidence")
        if self.evidence.compared_maps:
            saliency.show(self.evidence.compared_maps, "comparison")
        else:
            saliency.put_away("comparison")

    def _go_to_peak(self) -> None:
        placed = self.evidence.peak
        if placed is not None and placed.scan_id in self.canvas.layers.scan_ids:
            self.canvas.layers.navigation.go_to(placed.scan_id, placed.peak.index)


def _is_part_of(shown: Case, case: Case) -> bool:
    """True if the very voxels that are shown are in the case, under the same names."""
    voxels = {scan.id: scan.voxels for scan in case.scans}
    return all(voxels.get(scan.id) is scan.voxels for scan in shown.scans)
