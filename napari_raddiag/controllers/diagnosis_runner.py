"""Has the case diagnosed, one question at a time, and says what it waits for."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_raddiag.data_models.engine_state import EngineState
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import Question, ReadingSession
from raddiag_engine.cases import Case
from raddiag_engine.diagnosis.result import Diagnosis

# Enough for any model: the histogram of scores and the switch to all disorders need every one of them.
ALL_DISORDERS = 100_000


class DiagnosisRunner(QObject):
    """From the case as it stands to a diagnosis of it.

    Signals:
        progress: (done, total, what is done).
        running: True while a diagnosis is made.
        failed: One line: cause and remedy. No partial result is kept.
        refused: One line: why no diagnosis can be asked for now.
        cancelled: It was stopped by the reader.
        readiness_changed: Whether a diagnosis can be asked for may have changed.
    """

    progress = Signal(int, int, str)
    running = Signal(bool)
    failed = Signal(str)
    refused = Signal(str)
    cancelled = Signal()
    readiness_changed = Signal()

    def __init__(self, session: ReadingSession, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.link = link
        self._task: Task | None = None
        self._wanted = False
        session.case_changed.connect(self._case_changed)
        session.case_edited.connect(self.readiness_changed)
        link.state_changed.connect(self._engine_changed)

    @property
    def is_running(self) -> bool:
        """True while a diagnosis is made."""
        return self._task is not None

    @property
    def is_cancelling(self) -> bool:
        """True while the running diagnosis was told to stop and has not stopped yet."""
        return self._task is not None and self._task.is_cancelled

    @property
    def why_not(self) -> str:
        """Why no diagnosis can be asked for, and what to do; empty if one can."""
        case, state = self.session.case, self.link.state
        if case is None:
            return "open a case first"
        if not case.used:
            return "no scan is in use: tick at least one"
        if not state.can_compute:
            return f"the engine is {state.text}"
        return ""

    def diagnose(self) -> None:
        """Ask for a diagnosis of the case as it stands; a running one is given up."""
        case, question = self.session.case, self.session.question
        if self.why_not or case is None or question is None:
            self.refused.emit(self.why_not)
            return
        self.cancel()
        self._wanted = False
        task = self.link.diagnose(case, self.session.windows, ALL_DISORDERS, self)
        task.progress.connect(self.progress)
        task.finished.connect(partial(self._answered, task, case, question))
        task.failed.connect(partial(self._failed, task))
        task.stopped.connect(partial(self._stopped, task))
        self._task = task
        self.running.emit(True)
        task.start()

    def diagnose_when_ready(self) -> None:
        """Ask as soon as case and engine are there, unless another case comes first."""
        if self.why_not:
            self._wanted = True
        else:
            self.diagnose()

    def cancel(self) -> None:
        """Stop the running diagnosis, which ends between two chunks of work, and ask for none later."""
        self._wanted = False
        if self._task is not None:
            self._task.cancel()

    def _answered(self, task: Task, case: Case, question: Question, diagnosis: Diagnosis) -> None:
        if not self._end(task):
            return
        # Hashing was done in the background: the client names the scans by their hashes.
        if diagnosis.case_hash != case.hash:
            self.failed.emit("the engine answered for another case; restart it and diagnose again")
        else:
            # Of the case it was asked for: if that was edited meanwhile, the session shows it as stale.
            self.session.answer(question, diagnosis)

    def _failed(self, task: Task, line: str) -> None:
        if self._end(task):
            self.failed.emit(line)

    def _stopped(self, task: Task) -> None:
        if self._end(task):
            self.cancelled.emit()

    def _end(self, task: Task) -> bool:
        """True if the task is the one that is waited for."""
        task.deleteLater()
        if task is not self._task:
            return False
        self._task = None
        self.running.emit(False)
        self.readiness_changed.emit()
        return True

    def _case_changed(self) -> None:
        # An answer about the case before must not land on this one.
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            self.running.emit(False)
        self._wanted = False
        self.readiness_changed.emit()

    def _engine_changed(self, _state: EngineState) -> None:
        self.readiness_changed.emit()
        if self._wanted and not self.why_not:
            self.diagnose()
