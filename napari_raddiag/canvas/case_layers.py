"""The layers of a case's scans: which there are, and those that come one by one.

Knows where each scan lies (`Seat`) and its window, but not what is in view.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.canvas.layer_data import displayed_array, scan_settings
from napari_raddiag.canvas.layer_stack import LayerStack
from napari_raddiag.canvas.scan_windows import ScanWindows
from napari_raddiag.canvas.seat import Seat
from napari_raddiag.canvas.view_camera import ViewCamera
from napari_raddiag.canvas.view_layout import ViewLayout
from napari_raddiag.display.grid_of_scan import display_grid
from napari_raddiag.display.layer_title import layer_titles
from napari_raddiag.display.planes import acquired_plane
from raddiag_engine.cases import Case, Scan, Window


class CaseLayers(QObject):
    """One Image layer a scan.

    Signals:
        came: A layer came of itself, while the camera is held.

    Attributes:
        case: The case shown.
        scans: Id -> scan, in the order of the case.
        seats: Id -> where it lies. Both are the same mappings as long as this lives, for all who look at them.
        titles: Id -> short name, with nothing of the patient.
        layers_id: For the metadata: the same for all layers of one case, edited or not. Random: a case's hash takes
            long.
        windows: Of the scans.
    """

    came = Signal()

    def __init__(self, stack: LayerStack, layout: ViewLayout, camera: ViewCamera) -> None:
        super().__init__()
        self._stack, self._layout, self._camera = stack, layout, camera
        self.case: Case | None = None
        self.scans: dict[str, Scan] = {}
        self.seats: dict[str, Seat] = {}
        self.titles: dict[str, str] = {}
        self.layers_id = ""
        self.windows = ScanWindows(self.scans, stack)
        self._pending: list[str] = []
        self._loading = QTimer(self)
        self._loading.setInterval(0)
        self._loading.timeout.connect(self._load_next)

    def take(self, case: Case, automatic_windows: Mapping[str, Window | None]) -> list[str]:
        """Hold the scans of a case instead; layers of scans that are there already stay as they are, none comes yet.

        Returns:
            Ids of the scans whose layers went; one of them may be there again with other values.
        """
        if self.case is None:
            self.layers_id = uuid4().hex
        self.case = case
        self.titles = layer_titles(case)
        gone = [i for i in self.seats if i not in self.titles or self._is_other(case.scan(i))]
        with self._layout.settling():
            for scan_id in gone:
                self.drop(scan_id)
            self.scans.clear()
            self.scans.update({scan.id: scan for scan in case.scans})
            seats = {scan.id: self.seats.get(scan.id) or _seat(scan) for scan in case.scans}
            self.seats.clear()
            self.seats.update(seats)
            self._stack.order_scans(tuple(self.seats))
            for scan_id, title in self.titles.items():
                placed = self._stack.get(scan_id, "scan")
                if placed is not None:
                    placed.layer.name = title
        for scan_id, automatic in automatic_windows.items():
            self.windows.know(scan_id, automatic)
        self._pending = [i for i in self.seats if self._stack.get(i, "scan") is None]
        return gone

    def drop(self, scan_id: str) -> None:
        """Forget a scan, and remove its layers."""
        self._stack.remove_scan(scan_id)
        self.seats.pop(scan_id, None)
        self.scans.pop(scan_id, None)
        self.windows.forget(scan_id)

    def stop(self) -> None:
        """Let no more layers come."""
        self._loading.stop()
        self._pending = []

    def drop_all(self) -> None:
        """Forget the case, and remove its layers."""
        self.stop()
        for scan_id in list(self.seats):
            self.drop(scan_id)
        self.case = None

    def layer(self, scan_id: str) -> Any:
        """The layer of a scan, which comes now if it was still to come; KeyError if a person removed it."""
        if scan_id in self._pending:
            self.load(scan_id)
        placed = self._stack.get(scan_id, "scan")
        if placed is None:
            raise KeyError(scan_id)
        return placed.layer

    def load(self, scan_id: str) -> None:
        """Add the layer of a scan."""
        if scan_id in self._pending:
            self._pending.remove(scan_id)
        scan, seat = self.scans[scan_id], self.seats[scan_id]
        settings = scan_settings(scan, seat.grid, self.windows.of(scan_id), self.titles[scan_id], self.layers_id)
        with self._layout.settling():
            layer = self._stack.put(scan_id, "scan", displayed_array(scan, seat.grid), settings, seat.pose)
        self.windows.follow(scan_id, layer)

    def load_all(self) -> bool:
        """Add all layers that are still to come; True if there were any."""
        waiting = bool(self._pending)
        while self._pending:
            self.load(self._pending[0])
        self._loading.stop()
        return waiting

    def load_gradually(self) -> None:
        """Add them one by one, whenever Qt has nothing else to do: napari needs some 50 ms for each."""
        self._loading.start()

    def _load_next(self) -> None:
        # Without any, all went, perhaps because the viewer closes; what is asked for comes all the same.
        if not self._stack.scan_ids or not self._pending:
            self._loading.stop()
            return
        # With the first volume among images napari fits all of them to the window.
        with self._camera.held():
            self.load(self._pending[0])
            self.came.emit()

    def _is_other(self, scan: Scan) -> bool:
        """True if a scan of a known id has other values or another place."""
        known = self.scans[scan.id]
        if known.voxels is not scan.voxels or known.affine is not scan.affine:
            return True
        return (known.slice_places, known.patient_orientation) != (scan.slice_places, scan.patient_orientation)


def _seat(scan: Scan) -> Seat:
    grid = display_grid(scan)
    return Seat(scan, grid, acquired_plane(grid))
