"""Opens cases: reads in the background, has a patient picked where there are several, remembers the paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.background import in_background
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.loaded_case import LoadedCase, load_case, patient_alone
from napari_raddiag.session.next_case import CasePlace
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases


@dataclass(frozen=True, eq=False)
class Opening:
    """One wish to open a case, told from another one of the same paths by being another object.

    Attributes:
        paths: Files and folders.
        patient: Which patient was picked before, counted from 1; None asks if there are several.
    """

    paths: tuple[Path, ...]
    patient: int | None


class CaseOpener(QObject):
    """From paths to the case on the screen.

    Signals:
        progress: (done, total, what is done) while files are read.
        reading: True while files are read; the last signal of a reading, whatever came of it, is False.
        first_found: A `LoadedCase` of the first scan alone, to be looked at while the others are read; None once it is
            not to be seen any more without the case having been opened. Only where no case is open: beside the name of
            one patient no scan of another is shown.
        patients_found: A `Case` of several patients, of whom one is to be picked.
        choice_ended: None of them is to be picked any more: one was opened, none was wanted, or other files are opened.
        opened: The `LoadedCase`, with the case of one patient; the session holds it already.
        failed: One line: which file, what is wrong, what to do. The case that was open stays.
        recent_changed: The list of recent cases changed.

    Attributes:
        opening: Under way, or waiting for a patient to be picked; None if neither.
    """

    progress = Signal(int, int, str)
    reading = Signal(bool)
    first_found = Signal(object)
    patients_found = Signal(object)
    choice_ended = Signal()
    opened = Signal(object)
    failed = Signal(str)
    recent_changed = Signal()

    def __init__(self, session: ReadingSession, recent: RecentCases, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.recent = recent
        self.opening: Opening | None = None
        self._task: Task | None = None
        self._waiting: LoadedCase | None = None
        self._opened: LoadedCase | None = None
        self._first_is_shown = False
        session.case_changed.connect(self._case_changed)
        self._with_recent(recent.read, "the list of recent cases cannot be removed")

    @property
    def is_reading(self) -> bool:
        """True while files are read."""
        return self._task is not None

    @property
    def is_asking(self) -> bool:
        """True while a patient is to be picked."""
        return self._waiting is not None

    @property
    def place(self) -> CasePlace | None:
        """Where the open case stood in its folder of cases when it was read."""
        return None if self._opened is None else self._opened.place

    def open(self, paths: tuple[Path, ...], patient: int | None = None) -> None:
        """Read paths as one case, in the background; a reading that is under way is given up.

        Args:
            paths: Files and folders.
            patient: Which patient was picked before, if there are several in these files; None asks.
        """
        self._end_choice()
        self.cancel()
        self.opening = Opening(paths, patient)

        def read(progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> LoadedCase:
            return load_case(paths, progress, cancelled, lambda first: task.hand_over(first))

        task = Task(read, self)
        task.handed_over.connect(lambda first: self._show_first(first) if task is self._task else None)
        self._start(task, self._loaded)

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
            if self._task is not None:  # the reading itself, which is done, or the choice of another patient
                self._task.cancel()
            self._start(Task(partial(patient_alone, self._waiting, number), self), partial(self._show, patient=number))

    def choose_none(self) -> None:
        """Open none of the patients; the case that was open stays."""
        if self._waiting is not None:
            self._end_choice()
            self.cancel()
            self.opening = None
            self.reading.emit(False)

    def cancel(self) -> None:
        """Give up the reading that is under way, at once; a file that is being parsed ends in the background.

        A patient can still be picked if the files were read before.
        """
        if self._task is not None:
            self._task.cancel()
            self._end()

    def clear_recent(self) -> None:
        """Forget the recent cases, in the background."""
        self._with_recent(self.recent.clear, "the list of recent cases cannot be removed")

    def _start(self, task: Task, finished: Callable[[LoadedCase], None]) -> None:
        self._task = task
        # What an earlier task still has to say is of no interest.
        task.progress.connect(lambda *step: self.progress.emit(*step) if task is self._task else None)
        task.finished.connect(lambda loaded: finished(loaded) if task is self._task else None)
        task.failed.connect(lambda line: self.failed.emit(line) if task is self._task else None)
        task.ended.connect(partial(self._ended, task))
        self.reading.emit(True)
        task.start()

    def _show_first(self, first: LoadedCase) -> None:
        if self.session.case is None:
            self._first_is_shown = True
            self.first_found.emit(first)

    def _withdraw_first(self) -> None:
        if self._first_is_shown:
            self._first_is_shown = False
            self.first_found.emit(None)

    def _loaded(self, loaded: LoadedCase) -> None:
        count = len(loaded.case.patients)
        if count < 2:
            self._show(loaded, None)
            return
        self._withdraw_first()  # whose it is, is asked now
        self._waiting = loaded
        patient = None if self.opening is None else self.opening.patient
        if patient is not None and patient <= count:
            self.choose_patient(patient)
        else:
            self.patients_found.emit(loaded.case)

    def _show(self, loaded: LoadedCase, patient: int | None) -> None:
        self._end_choice()
        self._opened, self._first_is_shown = loaded, False
        self.session.open(loaded.case, loaded.paths, patient, loaded.automatic_windows)
        self.opened.emit(loaded)
        self._with_recent(partial(self.recent.add, loaded.paths), "the list of recent cases cannot be kept")

    def _case_changed(self) -> None:
        opened = self._opened
        if opened is not None and opened.case is not self.session.case:  # closed, or opened by someone else
            self._opened = None
        if self._waiting is not None:  # the offer to pick a patient goes with the case; so do all patients' voxels
            self._end_choice()
            self.cancel()
            self.opening = None

    def _end_choice(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            self.choice_ended.emit()

    def _ended(self, task: Task) -> None:
        if task is self._task:
            self._end()
        task.deleteLater()

    def _end(self) -> None:
        self._withdraw_first()
        self._task = None
        if self._waiting is None:
            self.opening = None
        self.reading.emit(False)

    def _with_recent(self, work: Callable[[], None], trouble: str) -> None:
        in_background(
            self,
            work,
            done=lambda _nothing: self.recent_changed.emit(),
            failed=lambda line: self.failed.emit(f"{trouble} ({line})"),
        )
