"""Shows exactly what the network is given of a scan; prepared by the engine, as it is for a diagnosis."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.cases import Case
from raddiag_engine.preparation import PreparedScan


class NetworkViewer(QObject):
    """Lays the network's input upon a scan, and takes it away again.

    Signals:
        failed: One line: cause and remedy.
    """

    failed = Signal(str)

    def __init__(
        self, session: ReadingSession, link: EngineLink, canvas: ReadingCanvas, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.link = link
        self.canvas = canvas
        self._task: Task | None = None

    def toggle_active(self) -> None:
        """The same for the scan in view."""
        active = self.canvas.layers.active
        if active is not None:
            self.toggle(active, not self.canvas.network_view.is_shown(active))

    def toggle(self, scan_id: str, shown: bool) -> None:
        """Show what the network is given of a scan, or the scan itself."""
        self.cancel()
        case = self.session.case
        if not shown or case is None:
            self.canvas.network_view.hide(scan_id)
            return
        self.canvas.layers.activate(scan_id)
        task = self.link.prepare(case, self.session.windows, scan_id, self)
        task.finished.connect(partial(self._prepared, case))
        task.failed.connect(self.failed)
        task.ended.connect(partial(self._ended, task))
        self._task = task
        task.start()

    def cancel(self) -> None:
        """Stop preparing."""
        if self._task is not None:
            self._task.cancel()

    def _prepared(self, case: Case, prepared: PreparedScan) -> None:
        if case is self.session.case:
            self.canvas.network_view.show(prepared)

    def _ended(self, task: Task) -> None:
        if self._task is task:
            self._task = None
        task.deleteLater()
