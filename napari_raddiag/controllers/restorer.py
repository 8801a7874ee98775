"""Opens again the reading that a crash ended, and says whether the result came out the same."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.canvas_controller import CanvasController
from napari_raddiag.controllers.case_opener import CaseOpener, Opening
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.controllers.name_asker import NameAsker
from napari_raddiag.controllers.session_keeper import SessionKeeper, paths_of
from napari_raddiag.session.saved_session import LeftBehind
from napari_raddiag.session.session_state import SavedSession
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
        names: NameAsker,
        on_canvas: CanvasController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.keeper = keeper
        self.opener = opener
        self.diagnosis = diagnosis
        self.names = names
        self.on_canvas = on_canvas
        self._view: RestoreOffer | None = None
        self._restoring: tuple[LeftBehind, Opening | None] | None = None
        self._awaited: SavedSession | None = None
        opener.opened.connect(self._opened)
        opener.reading.connect(self._reading)
        keeper.looked.connect(self._show_offer)
        keeper.session.diagnosis_changed.connect(self._diagnosed)

    def offer(self, view: RestoreOffer) -> None:
        """Offer the reading of a viewer that crashed, as soon as it is known that there is one."""
        self._view = view
        self.keeper.find_left_behind()

    def restore(self) -> None:
        """Open it again; if that does not come about, it is offered again."""
        left = self.keeper.left_behind
        if left is not None:
            self.opener.open(paths_of(left.session), left.session.patient)
            self._restoring = left, self.opener.opening

    def forget(self) -> None:
        """Never offer it again."""
        self.keeper.forget_left_behind()

    def _show_offer(self) -> None:
        if self._view is not None:
            self._view.setVisible(self.keeper.left_behind is not None and self.keeper.session.case is None)

    def _reading(self, reading: bool) -> None:
        # Cancelled, failed, or another case is opened instead: what is opened next is not the one to be restored.
        if self._restoring is not None and self.opener.opening is not self._restoring[1]:
            self._restoring = None
            if not reading:
                self._show_offer()

    def _opened(self) -> None:
        restoring, self._restoring, self._awaited = self._restoring, None, None
        if restoring is None:
            self.keeper.left_behind = None  # not offered any more by this viewer; its file stays for the next one
            return
        left, saved = restoring[0], restoring[0].session
        self.keeper.restore_into(saved)
        self.names.restore(saved.asked)
        self.on_canvas.restore_windows(
            {scan_id: state.display_window for scan_id, state in saved.scans.items() if state.display_window}
        )
        self.keeper.take_over(left)
        if saved.input_hash:
            self._awaited = saved
            self.diagnosis.diagnose_when_ready()
        else:
            self.told.emit("the reading is restored; it had no diagnosis")

    def _diagnosed(self) -> None:
        saved, diagnosis = self._awaited, self.keeper.session.current_diagnosis
        if saved is None or diagnosis is None:
            return
        self._awaited = None
        same = (saved.input_hash, saved.model_sha256) == (diagnosis.input_hash, diagnosis.model_sha256)
        self.told.emit(SAME if same else OTHER)
