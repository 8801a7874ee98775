"""Opens cases: reads in the background, has a patient picked where there are several, remembers the paths."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.loaded_case import LoadedCase, load_case
from napari_raddiag.session.next_case import CasePlace, place_of
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases
from raddiag_engine.reading import one_patient


class CaseOpener(QObject):
    """From paths to the case on the screen.

    Signals:
        progress: (done, total, what is done) while files are read.
        reading: True while files are read.
        patients_found: A `Case` of several patients, of whom one is to be picked.
        opened: The `LoadedCase`, with the case of one patient; the session holds it already.
        failed: One line: which file, what is wrong, what to do. The case that was open stays.
        recent_changed: The list of recent cases changed.
    """

    progress = Signal(int, int, str)
    reading = Signal(bool)
    patients_found = Signal(object)
    opened = Signal(object)
    failed = Signal(str)
    recent_changed = Signal()

    def __init__(self, session: ReadingSession, recent: RecentCases, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.recent = recent
        self._task: Task | None = None
        self._waiting: LoadedCase | None = None
        self._patient: int | None = None

    @property
    def is_reading(self) -> bool:
        """True while files are read."""
        return self._task is not None

    @property
    def place(self) -> CasePlace | None:
        """Where the open case stands in its folder of cases."""
        return place_of(self.session.paths)

    def open(self, paths: tuple[Path, ...], patient: int | None = None) -> None:
        """Read paths as one case, in the background; a reading that is under way is given up.

        Args:
            paths: Files and folders.
            patient: Which patient was picked before, if there are several in these files; None asks.
        """
        self.cancel()
        self._waiting, self._patient = None, patient
        task = Task(partial(load_case, paths), self)
        task.progress.connect(self.progress)
        task.finished.connect(partial(self._loaded, task))
        task.failed.connect(partial(self._failed, task))
        task.ended.connect(partial(self._ended, task))
        self._task = task
        self.reading.emit(True)
        task.start()

    def open_next(self) -> None:
        """Open the case after the open one."""
        place = self.place
        if place is not None and place.next is not None:
            self.open((place.next,))

    def choose_patient(self, number: int) -> None:
        """Open one of the patients of the files that were read.

        Args:
            number: Counted from 1, as in `Case.of_patient`.
        """
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._show(replace(waiting, case=one_patient(waiting.case, number)), number)

    def cancel(self) -> None:
        """Give up the reading that is under way."""
        if self._task is not None:
            self._task.cancel()

    def clear_recent(self) -> None:
        """Forget the recent cases."""
        self.recent.clear()
        self.recent_changed.emit()

    def _loaded(self, task: Task, loaded: LoadedCase) -> None:
        if task is not self._task:
            return
        if len(loaded.case.patients) < 2:
            self._show(loaded, None)
            return
        self._waiting = loaded
        if self._patient is not None and self._patient <= len(loaded.case.patients):
            self.choose_patient(self._patient)
        else:
            self.patients_found.emit(loaded.case)

    def _show(self, loaded: LoadedCase, patient: int | None) -> None:
        self.session.open(loaded.case, loaded.paths, patient)
        self.opened.emit(loaded)
        try:
            self.recent.add(loaded.paths)
        except OSError as error:
            self.failed.emit(f"{error.filename}: the list of recent cases cannot be kept ({error.strerror})")
        self.recent_changed.emit()

    def _failed(self, task: Task, line: str) -> None:
        if task is self._task:
            self.failed.emit(line)

    def _ended(self, task: Task) -> None:
        if task is self._task:
            self._task = None
            self.reading.emit(False)
        task.deleteLater()
