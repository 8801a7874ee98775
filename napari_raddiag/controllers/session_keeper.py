"""Keeps the reading on disk while it lasts, and brings back one that a crash ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.controllers.background import in_background
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.saved_session import LeftBehind, SessionStore
from napari_raddiag.session.session_state import SavedSession, restored, state_of_case
from raddiag_engine.cases import Window
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.failure_line import failure_line

# A drag of the window changes it many times a second; one write after it is enough.
QUIET_MS = 400
CANNOT_KEEP = "the session cannot be kept for after a crash"
CANNOT_FORGET = "what a crash left behind cannot be looked at or removed"


class SessionKeeper(QObject):
    """Writes paths, ticks, windows and what was asked for by name, shortly after they change.

    In the background, as a home folder may be far away.

    Signals:
        failed: One line, if it cannot be kept.
        looked: It is known whether a reading was left behind.

    Attributes:
        left_behind: The reading of a viewer that crashed; None if there is none, or the reader has answered.

    Args:
        session: Whose changes are kept.
        store: Where.
        display_windows: Scan id -> window on the screen, of the scans whose window was changed.
        asked: The disorders asked for by name.
        parent: Owner.
    """

    failed = Signal(str)
    looked = Signal()

    def __init__(
        self,
        session: ReadingSession,
        store: SessionStore,
        display_windows: Callable[[], dict[str, Window]],
        asked: Callable[[], tuple[NamedDisorder, ...]] = tuple,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.store = store
        self.left_behind: LeftBehind | None = None
        self._display_windows = display_windows
        self._asked = asked
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self.save_in_background)
        for signal in (session.case_changed, session.case_edited, session.diagnosis_changed):
            signal.connect(self.changed)

    def changed(self) -> None:
        """Something is to be kept; written after a moment without changes."""
        self._timer.start()

    def find_left_behind(self) -> None:
        """Look for the reading of a viewer that crashed; `looked` follows."""
        in_background(self, self.store.find_left_behind, done=self._found, failed=partial(self._trouble, CANNOT_FORGET))

    def forget_left_behind(self) -> None:
        """The reader does not want it back."""
        left, self.left_behind = self.left_behind, None
        if left is not None:
            in_background(self, partial(self.store.forget, left), failed=partial(self._trouble, CANNOT_FORGET))

    def take_over(self, left: LeftBehind) -> None:
        """It is open again: kept as this viewer's own, and only then removed from where it was left."""
        self.left_behind = None
        saved, turn = self._state(), self.store.turn()

        def work() -> None:
            if saved is not None:
                self.store.save(saved, turn)
            self.store.forget(left)

        in_background(self, work, failed=partial(self._trouble, CANNOT_KEEP))

    def restore_into(self, saved: SavedSession) -> None:
        """Lay ticks, modalities and network windows over the case, which was read from the saved paths."""
        if self.session.case is None:
            return
        case, windows = restored(self.session.case, saved)
        self.session.replace(case, windows)

    def save(self) -> None:
        """Write now."""
        self._timer.stop()
        saved = self._state()
        if saved is None:
            self.store.discard()
            return
        try:
            self.store.save(saved)
        except OSError as error:
            self._trouble(CANNOT_KEEP, failure_line(error) or "")

    def save_in_background(self) -> None:
        """Write what stands now, without holding up the window."""
        saved, turn = self._state(), self.store.turn()
        work = partial(self.store.discard, turn) if saved is None else partial(self.store.save, saved, turn)
        in_background(self, work, failed=partial(self._trouble, CANNOT_KEEP))

    def end_well(self) -> None:
        """The window closes as it should: nothing is to be restored."""
        self._timer.stop()
        self.store.discard()

    def _state(self) -> SavedSession | None:
        session = self.session
        if session.case is None:
            return None
        diagnosis = session.current_diagnosis
        return SavedSession(
            paths=tuple(str(path.absolute()) for path in session.paths),
            scans=state_of_case(session.case, session.windows, self._display_windows()),
            patient=session.patient,
            input_hash=diagnosis.input_hash if diagnosis else "",
            model_sha256=diagnosis.model_sha256 if diagnosis else "",
            asked=self._asked(),
        )

    def _found(self, left: LeftBehind | None) -> None:
        self.left_behind = left
        self.looked.emit()

    def _trouble(self, what: str, line: str) -> None:
        self.failed.emit(f"{what} ({line})")


def paths_of(saved: SavedSession) -> tuple[Path, ...]:
    """What is to be read again."""
    return tuple(map(Path, saved.paths))
