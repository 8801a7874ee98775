"""Keeps the reading on disk while it lasts, and brings back one that a crash ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.saved_session import SavedSession, SessionStore, restored, state_of_case

# A drag of the window changes it many times a second; one write after it is enough.
QUIET_MS = 400


class SessionKeeper(QObject):
    """Writes paths, ticks and windows shortly after they change.

    Signals:
        failed: One line, if it cannot be kept.

    Args:
        session: Whose changes are kept.
        store: Where.
        display_windows: Scan id -> (centre, width) on the screen, of the scans whose window was changed.
        parent: Owner.
    """

    failed = Signal(str)

    def __init__(
        self,
        session: ReadingSession,
        store: SessionStore,
        display_windows: Callable[[], dict[str, tuple[float, float]]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.store = store
        self.left_behind: SavedSession | None = None
        self._display_windows = display_windows
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(QUIET_MS)
        self._timer.timeout.connect(self.save)
        for signal in (session.case_changed, session.case_edited, session.diagnosis_changed):
            signal.connect(self.changed)

    def changed(self) -> None:
        """Something is to be kept; written after a moment without changes."""
        self._timer.start()

    def find_left_behind(self) -> SavedSession | None:
        """The reading of a viewer that crashed, to be offered to the reader; None if there is none."""
        self.left_behind = self.store.take_left_behind()
        return self.left_behind

    def restore_into(self, saved: SavedSession) -> None:
        """Lay ticks, modalities and network windows over the case, which was read from the saved paths."""
        if self.session.case is None:
            return
        case, windows = restored(self.session.case, saved)
        self.session.replace(case, windows)

    def save(self) -> None:
        """Write now."""
        session = self.session
        if session.case is None:
            self.store.discard()
            return
        diagnosis = session.current_diagnosis
        saved = SavedSession(
            paths=tuple(str(path.absolute()) for path in session.paths),
            scans=state_of_case(session.case, session.windows, self._display_windows()),
            patient=session.patient,
            input_hash=diagnosis.input_hash if diagnosis else "",
            model_sha256=diagnosis.model_sha256 if diagnosis else "",
        )
        try:
            self.store.save(saved)
        except OSError as error:
            self.failed.emit(f"the session cannot be kept for after a crash ({error.strerror}); free some space")

    def end_well(self) -> None:
        """The window closes as it should: nothing is to be restored."""
        self._timer.stop()
        self.store.discard()


def paths_of(saved: SavedSession) -> tuple[Path, ...]:
    """What is to be read again."""
    return tuple(map(Path, saved.paths))
