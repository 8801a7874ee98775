"""Opens again the reading that a crash ended, and says whether the result came out the same."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.canvas_controller import CanvasController
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.controllers.session_keeper import SessionKeeper, paths_of
from napari_raddiag.session.saved_session import SavedSession
from napari_raddiag.widgets.restore_offer import RestoreOffer

SAME = "the reading is as it was: the engine was given the same, and the model is the same"
OTHER = "the reading is restored, but the result is a new one: the scans, the windows or the model have changed since"


class Restorer(QObject):
    """Results are not kept on disk; a diagnosis that stood is made again, and compared by its hashes.

    Signals:
        told: One line on what came of it.
    """

    told = Signal(str)

    def __init__(
        self,
        keeper: SessionKeeper,
        opener: CaseOpener,
        diagnosis: DiagnosisRunner,
        on_canvas: CanvasController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.keeper = keeper
        self.opener = opener
        self.diagnosis = diagnosis
        self.on_canvas = on_canvas
        self._restoring: SavedSession | None = None
        self._awaited: SavedSession | None = None
        opener.opened.connect(self._opened)
        opener.failed.connect(self._failed)
        keeper.session.diagnosis_changed.connect(self._diagnosed)

    def offer(self, view: RestoreOffer) -> None:
        """Offer the reading of a viewer that crashed, if there is one."""
        view.setVisible(self.keeper.find_left_behind() is not None)

    def restore(self) -> None:
        """Open it again."""
        saved = self.keeper.left_behind
        if saved is not None:
            self._restoring = saved
            self.opener.open(paths_of(saved), saved.patient)

    def forget(self) -> None:
        """Never offer it again."""
        self.keeper.left_behind = None

    def _opened(self) -> None:
        saved, self._restoring, self._awaited = self._restoring, None, None
        self.keeper.left_behind = None
        if saved is None:
            return
        self.keeper.restore_into(saved)
        self.on_canvas.restore_windows(
            {scan_id: state.display_window for scan_id, state in saved.scans.items() if state.display_window}
        )
        if saved.input_hash:
            self._awaited = saved
            self.diagnosis.diagnose_when_ready()
        else:
            self.told.emit("the reading is restored; it had no diagnosis")

    def _failed(self, _line: str) -> None:
        self._restoring = None

    def _diagnosed(self) -> None:
        saved, diagnosis = self._awaited, self.keeper.session.current_diagnosis
        if saved is None or diagnosis is None:
            return
        self._awaited = None
        same = (saved.input_hash, saved.model_sha256) == (diagnosis.input_hash, diagnosis.model_sha256)
        self.told.emit(SAME if same else OTHER)
