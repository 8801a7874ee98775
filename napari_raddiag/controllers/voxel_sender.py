"""Gives the engine a case's voxels as soon as both are there, so that Diagnose need not wait for a large CT."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject

from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession


class VoxelSender(QObject):
    """Sends to the engine on this machine alone: to another machine nothing goes before the reader asks for it.

    That it fails is not said: the diagnosis sends what is missing, and says what is wrong.
    """

    def __init__(self, session: ReadingSession, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._link = link
        self._task: Task | None = None
        self._given: tuple[int | None, frozenset[int]] = (None, frozenset())
        session.case_changed.connect(self._case_changed)
        session.case_edited.connect(self._send)
        link.state_changed.connect(self._send)

    def cancel(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _case_changed(self) -> None:
        self.cancel()
        self._given = (None, frozenset())
        self._send()

    def _send(self, *_: object) -> None:
        case, engine = self._session.case, self._link.service_pid
        if case is None or engine is None or not self._link.state.can_compute or self._task is not None:
            return
        given = self._given[1] if self._given[0] == engine else frozenset()
        wanted = given | {id(scan.voxels) for scan in case.used}
        if wanted == given:
            return
        self._given = engine, wanted
        task = self._task = self._link.send(case, self)
        task.ended.connect(partial(self._ended, task))
        task.start()

    def _ended(self, task: Task) -> None:
        task.deleteLater()
        if task is self._task:
            self._task = None
            self._send()  # what was ticked meanwhile
