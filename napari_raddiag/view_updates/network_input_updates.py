"""What the table of scans says of the network's input: "32 of 412 slices, 256 px, window 40/400"."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject

from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.loaded_case import what_network_sees
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.cases import Case


class NetworkInputUpdates(QObject):
    """Follows the case and the model; in the background, as percentiles of a large scan take a moment."""

    def __init__(self, views: PanelViews, session: ReadingSession, link: EngineLink, parent: QObject) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._link = link
        self._task: Task | None = None
        session.case_changed.connect(self.describe)
        session.case_edited.connect(self.describe)

    def describe(self) -> None:
        """Say it anew for every scan in use."""
        case, card = self._session.case, self._link.card
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if case is None or card is None:
            return
        windows = dict(self._session.windows)

        def work(progress: object, cancelled: object) -> dict[str, str]:
            return {scan.id: what_network_sees(scan, card, windows.get(scan.id)) for scan in case.used}

        task = self._task = Task(work, self)
        task.finished.connect(partial(self._show, case))
        task.ended.connect(partial(self._ended, task))
        task.start()

    def _show(self, case: Case, seen: dict[str, str]) -> None:
        if case is self._session.case:
            for scan in case.scans:
                self._views.scans.set_network_saw(scan.id, seen.get(scan.id, ""))

    def _ended(self, task: Task) -> None:
        if task is self._task:
            self._task = None
        task.deleteLater()
