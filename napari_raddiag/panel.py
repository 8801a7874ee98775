"""The RadDiag panel: makes the views and the controllers of one viewer and joins them. Decides nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QApplication, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_raddiag.arrangement import arrange_for_reading, main_window_of
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.canvas.shortcuts import SHORTCUTS, bind_shortcuts
from napari_raddiag.controllers.canvas_controller import CanvasController
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.controllers.network_viewer import NetworkViewer
from napari_raddiag.controllers.restorer import Restorer
from napari_raddiag.controllers.session_keeper import SessionKeeper
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.engine_link.report import report_text
from napari_raddiag.handover import layers_of_our_reader, paths_of, remove
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.preferences import Preferences, read_preferences, watch_preferences
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.session.recent_cases import RecentCases
from napari_raddiag.session.saved_session import SessionStore
from napari_raddiag.view_updates import ViewUpdates
from napari_raddiag.widgets.path_drop import PathDrop

if TYPE_CHECKING:
    import napari


PREFERENCES_SETTLE_MS = 400


class RadDiagPanel(QWidget):
    """One for each viewer, found under Plugins > RadDiag.

    Args:
        napari_viewer: Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.preferences = self._read = preferences = read_preferences()
        self._begun = self._ended = False
        self._handed_over: list[Any] = []
        self.link = EngineLink(preferences, self)
        self.session = ReadingSession(self)
        self.opener = CaseOpener(self.session, RecentCases(enabled=preferences.keep_recent), self)
        self.diagnosis = DiagnosisRunner(self.session, self.link, self)
        self.evidence = EvidenceRunner(self.session, self.link, preferences.method, self)
        # napari hands plugins a proxy, through which a layer is another object each time it is asked for.
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.canvas = ReadingCanvas(viewer)
        self.on_canvas = CanvasController(self.session, self.evidence, self.canvas, self)
        self.network = NetworkViewer(self.session, self.link, self.canvas, self)
        store = SessionStore(enabled=preferences.keep_session)
        self.keeper = SessionKeeper(self.session, store, lambda: self.on_canvas.display_windows, self)
        self.restorer = Restorer(self.keeper, self.opener, self.diagnosis, self.on_canvas, self)
        self.views = PanelViews()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.views)
        # Else napari fills the lower half of the dock with empty space.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.updates = ViewUpdates(self)
        self._join_views()
        self._join_window(viewer)
        self.use_preferences(preferences)
        # A form sends a change for every letter typed.
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(PREFERENCES_SETTLE_MS)
        self._settle.timeout.connect(self._preferences_changed)
        self._unwatch = watch_preferences(self._settle.start)
        QTimer.singleShot(0, self, self._begin)

    # --- What others ask of the panel ---

    def open_paths(self, paths: tuple[Path, ...], *, diagnose: bool = False) -> None:
        """Open a case.

        Args:
            paths: Files and folders; together one case.
            diagnose: Diagnose it once it is open and the engine is ready, and show the evidence of what is found.
        """
        self.updates.diagnose_next = diagnose
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

    def shut_down(self) -> None:
        """Give the viewer back as it was, end the engine, leave nothing to be restored; may be called again."""
        if self._ended:
            return
        self._ended = True
        self._unwatch()
        if isalive(self.session):  # else the window, and all of Qt's in it, is closed already
            self._release_keys()
            self._cancel()
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

    def report(self, cause: str = "") -> str:
        """What can be sent to whoever looks after the program; holds no patient data."""
        return report_text(self.link.state, cause)

    # --- Joining ---

    def _join_views(self) -> None:
        views, session, layers = self.views, self.session, self.canvas.layers
        case = views.case
        case.open_folder_requested.connect(self.ask_for_folder)
        case.open_files_requested.connect(self.ask_for_files)
        case.recent_chosen.connect(self.open_paths)
        case.recents_cleared.connect(self.opener.clear_recent)
        case.next_case_requested.connect(self.opener.open_next)
        case.paths_dropped.connect(lambda paths: self.open_paths(tuple(paths)))
        case.close_requested.connect(session.close)
        case.identity_visibility_changed.connect(self.updates.identity_shown)
        PathDrop(self).paths_dropped.connect(lambda paths: self.open_paths(tuple(paths)))
        views.patients.patient_chosen.connect(self.opener.choose_patient)
        views.restore.restore_requested.connect(self.restorer.restore)
        views.restore.forget_requested.connect(self.restorer.forget)

        scans = views.scans
        scans.use_toggled.connect(session.use)
        scans.date_toggled.connect(session.use_date)
        scans.modality_chosen.connect(lambda scan_id, modality: session.describe(scan_id, modality=modality))
        scans.anatomy_chosen.connect(lambda scan_id, anatomy: session.describe(scan_id, anatomy=anatomy))
        scans.scan_activated.connect(layers.activate)
        scans.network_view_toggled.connect(self.network.toggle)

        display = views.display
        display.window_chosen.connect(self.on_canvas.set_display_window)
        display.network_window_requested.connect(self.on_canvas.give_network_window)
        display.plane_chosen.connect(layers.set_plane)
        display.grid_toggled.connect(layers.set_grid)
        display.crosshair_toggled.connect(self.canvas.crosshair.set_shown)
        display.ruler_toggled.connect(self.canvas.ruler.set_on)
        display.cine_toggled.connect(lambda _on: self.canvas.cine.toggle())
        display.model_toggled.connect(layers.hide_model)

        for view in (views.scans, views.disorders):
            view.focus_released.connect(self._focus_canvas)

        views.diagnose.diagnose_requested.connect(self.diagnosis.diagnose)
        views.diagnose.cancel_requested.connect(self._cancel)
        views.disorders.disorder_chosen.connect(self.evidence.show)
        views.disorders.compare_chosen.connect(self.evidence.compare)

        evidence = views.evidence
        evidence.method_chosen.connect(self.evidence.choose_method)
        evidence.opacity_changed.connect(self.canvas.saliency.set_opacity)
        evidence.peak_requested.connect(self.evidence.step_peak)
        evidence.scan_activated.connect(layers.activate)
        evidence.compare_chosen.connect(self.evidence.compare)
        evidence.hide_requested.connect(self.evidence.hide)

        engine = views.engine
        engine.restart_requested.connect(lambda: self.link.restart(self.preferences))
        engine.report_requested.connect(lambda: QGuiApplication.clipboard().setText(self.report()))
        engine.card_requested.connect(self.updates.show_card)
        engine.shortcuts_requested.connect(self.updates.show_shortcuts)

    def _join_window(self, viewer: napari.Viewer) -> None:
        actions = {
            **self.on_canvas.actions(),
            "toggle_network_view": self.network.toggle_active,
            "diagnose": self.diagnosis.diagnose,
            "cancel": self._cancel,
            "toggle_napari": self.updates.toggle_napari_docks,
            "next_case": self.opener.open_next,
        }
        self._release_keys = bind_shortcuts(viewer, actions)
        keys = {shortcut.action: shortcut.key for shortcut in SHORTCUTS}
        self.views.diagnose.set_shortcut(keys["diagnose"])
        ending = partial(_end, self.link, self.keeper.store, self.canvas)
        self.destroyed.connect(ending)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(ending)

    def _begin(self) -> None:
        """Once the window stands: the engine starts while the reader looks for the case."""
        self._begun = True
        arrange_for_reading(self)
        self.link.start()
        self.updates.all()
        self.restorer.offer(self.views.restore)
        viewer = self.canvas.layers.viewer
        handed_over = layers_of_our_reader(viewer)
        if handed_over and self.waits_for_case:
            self._handed_over = handed_over
            self.opener.opened.connect(self._take_over)
            self.open_paths(paths_of(handed_over))

    def _take_over(self, _loaded: object) -> None:
        """The case is open: the layers that napari made of the same files go."""
        self.opener.opened.disconnect(self._take_over)
        remove(self.canvas.layers.viewer, self._handed_over)
        self._handed_over = []

    def _preferences_changed(self) -> None:
        """Take over what the reader changed; what the command line said stays."""
        before, self._read = self._read, read_preferences()
        changed = {
            field.name: getattr(self._read, field.name)
            for field in fields(Preferences)
            if getattr(before, field.name) != getattr(self._read, field.name)
        }
        if changed:
            self.use_preferences(replace(self.preferences, **changed))

    def _cancel(self) -> None:
        self.opener.cancel()
        if self.diagnosis.is_running:
            self.views.diagnose.show_cancelling()
        self.diagnosis.cancel()
        self.evidence.cancel()
        self.network.cancel()

    def _focus_canvas(self) -> None:
        """The reader's keys go to the image again."""
        from napari.qt import QtViewer

        window = main_window_of(self)
        canvas = None if window is None else window.findChild(QtViewer)
        if canvas is not None:
            canvas.setFocus()

    def _last_folder(self) -> str:
        paths = self.session.paths
        return str(paths[0].parent) if paths else ""


def _end(link: EngineLink, store: SessionStore, canvas: ReadingCanvas, *_sender: object) -> None:
    """The viewer closes as it should: no process stays behind, and nothing is to be restored."""
    link.stop()
    store.discard()
    canvas.release()
