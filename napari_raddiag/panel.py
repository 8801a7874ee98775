"""The RadDiag panel: makes the views and the controllers of one viewer. Decides nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_raddiag.arrangement import arrange_for_reading
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.controllers.canvas_controller import CanvasController
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.diagnose_on_open import DiagnoseOnOpen
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.controllers.name_asker import NameAsker
from napari_raddiag.controllers.network_viewer import NetworkViewer
from napari_raddiag.controllers.restorer import Restorer
from napari_raddiag.controllers.session_keeper import SessionKeeper
from napari_raddiag.controllers.voxel_sender import VoxelSender
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.report import report_text
from napari_raddiag.handover import Handover
from napari_raddiag.panel_joining import bind_keys, join_views
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.preferences import Preferences, read_preferences
from napari_raddiag.preferences_changes import PreferencesChanges
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases
from napari_raddiag.session.saved_session import SessionStore
from napari_raddiag.view_updates.all_updates import AllUpdates

if TYPE_CHECKING:
    import napari


class RadDiagPanel(QWidget):
    """One for each viewer, found under Plugins > RadDiag.

    Args:
        napari_viewer: Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.preferences = preferences = read_preferences()
        self._begun = self._ended = False
        self.link = EngineLink(preferences, self)
        self.session = ReadingSession(self)
        self.opener = CaseOpener(self.session, RecentCases(enabled=preferences.keep_recent), self)
        self.diagnosis = DiagnosisRunner(self.session, self.link, self)
        self.voxel_sender = VoxelSender(self.session, self.link, self)
        self.evidence = EvidenceRunner(self.session, self.link, preferences.method, self)
        self.names = self.evidence.names = NameAsker(self.session, self.link, self)
        # napari hands plugins a proxy, through which a layer is another object each time it is asked for.
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.canvas = ReadingCanvas(viewer)
        self.on_canvas = CanvasController(self.session, self.evidence, self.canvas, self)
        self.opener.first_found.connect(self.on_canvas.show_first)
        self.network = NetworkViewer(self.session, self.link, self.canvas, self)
        store = SessionStore(enabled=preferences.keep_session)
        self.keeper = SessionKeeper(
            self.session, store, lambda: self.on_canvas.display_windows, lambda: self.names.vocabulary, self
        )
        self.restorer = Restorer(self.keeper, self.opener, self.diagnosis, self.names, self.on_canvas, self)
        self.handover = Handover(viewer, self.opener, self)
        self.views = PanelViews()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.views)
        # Else napari fills the lower half of the dock with empty space.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.updates = AllUpdates(self)
        # After the views: what it finds is selected in them.
        self.diagnose_on_open = DiagnoseOnOpen(self.session, self.opener, self.diagnosis, self)
        join_views(self)
        self._release_keys = bind_keys(self, viewer)
        self._end_with_window()
        self.use_preferences(preferences)
        self._changes = PreferencesChanges(preferences, self)
        self._changes.changed.connect(lambda change: self.use_preferences(change(self.preferences)))
        QTimer.singleShot(0, self, self._begin)

    def open_paths(self, paths: tuple[Path, ...], *, diagnose: bool = False) -> None:
        """Open a case.

        Args:
            paths: Files and folders; together one case.
            diagnose: Diagnose it once it is open and the engine is ready, and show the evidence of what is found.
        """
        self.diagnose_on_open.is_wanted = diagnose
        self.opener.open(paths)

    def ask_for_folder(self) -> None:
        """Ask for a folder and open it as one case."""
        folder = QFileDialog.getExistingDirectory(self, "Open a folder as one case", self._last_folder())
        if folder:
            self.open_paths((Path(folder),))

    def ask_for_files(self) -> None:
        """Ask for files and open them together as one case."""
        files, _ = QFileDialog.getOpenFileNames(self, "Open files as one case", self._last_folder())
        if files:
            self.open_paths(tuple(map(Path, files)))

    def use_preferences(self, preferences: Preferences) -> None:
        """Take over preferences; another model, device or server restarts the engine if it was started."""
        before, self.preferences = self.preferences, preferences
        self.link.preferences = preferences
        engine = ("model", "device", "server", "token_file", "certificate_file")
        if self.link.is_started and any(getattr(before, name) != getattr(preferences, name) for name in engine):
            self.link.restart()
        if before.method != preferences.method:
            self.evidence.choose_method(preferences.method)
        self.opener.recent.enabled = preferences.keep_recent
        self.keeper.store.enabled = preferences.keep_session
        if not preferences.keep_recent:
            self.opener.clear_recent()
        if not preferences.keep_session:
            self.keeper.store.clear()
        self.views.disorders.set_top(preferences.top)
        self.views.evidence.set_opacity(preferences.overlay_opacity)
        self.canvas.saliency.set_opacity(preferences.overlay_opacity)
        self.views.case.set_identity_hidden(preferences.hide_identity)

    @property
    def waits_for_case(self) -> bool:
        """True if no case is open or being opened."""
        return self.session.case is None and not self.opener.is_reading

    def cancel(self) -> None:
        """Stop whatever is under way: reading, diagnosis, evidence, preparation."""
        self.opener.cancel()
        if self.diagnosis.is_running:
            self.views.diagnose.show_cancelling()
        self.diagnosis.cancel()
        self.evidence.cancel()
        self.names.cancel()
        self.network.cancel()

    def report(self, cause: str = "") -> str:
        """What can be sent to whoever looks after the program; holds no patient data."""
        return report_text(self.link.state, cause)

    def shut_down(self) -> None:
        """Give the viewer back as it was, end the engine, leave nothing to be restored; may be called again."""
        if self._ended:
            return
        self._ended = True
        self._changes.end()
        if isalive(self.session):  # else the window, and all of Qt's in it, is closed already
            self._release_keys()
            self.cancel()
            self.voxel_sender.cancel()
            self.session.close()
            self.canvas.close()
        _end(self.link, self.keeper.store, self.canvas)

    def event(self, event: QEvent) -> bool:
        """The cross of the dock takes the panel out of it: that is its end."""
        handled = bool(super().event(event))
        if event.type() == QEvent.Type.ParentChange and self._begun and self.parent() is None:
            self.shut_down()
            self.deleteLater()
        return handled

    def _begin(self) -> None:
        """Once the window stands: the engine starts while the reader looks for the case."""
        self._begun = True
        arrange_for_reading(self)
        self.link.start()
        self.updates.all()
        self.restorer.offer(self.views.restore)
        if self.waits_for_case:
            self.handover.take_over()

    def _end_with_window(self) -> None:
        ending = partial(_end, self.link, self.keeper.store, self.canvas)
        self.destroyed.connect(ending)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(ending)

    def _last_folder(self) -> str:
        paths = self.session.paths
        return str(paths[0].parent) if paths else ""


def _end(link: EngineLink, store: SessionStore, canvas: ReadingCanvas, *_sender: object) -> None:
    """The viewer closes as it should: no process stays behind, and nothing is to be restored."""
    link.stop()
    store.discard()
    canvas.release()
