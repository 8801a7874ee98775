"""What the panel shows of the canvas: the scan in view, its windows and planes, the tools, the place of the mouse."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.controllers.canvas_controller import CanvasController
from napari_raddiag.controllers.network_viewer import NetworkViewer
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.panel_messages import PanelMessages


class CanvasUpdates(QObject):
    """Follows the canvas; what can be done with the scan in view is shown once, when control returns to Qt."""

    def __init__(
        self,
        views: PanelViews,
        session: ReadingSession,
        canvas: ReadingCanvas,
        on_canvas: CanvasController,
        network: NetworkViewer,
        messages: PanelMessages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._canvas = canvas
        self._on_canvas = on_canvas
        self._messages = messages
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show_choices)
        on_canvas.choices_changed.connect(self._soon.start)
        session.case_edited.connect(self._soon.start)
        on_canvas.display_window_changed.connect(self._window_changed)
        canvas.layers.active_changed.connect(self._active_changed)
        canvas.layers.cursor_moved.connect(views.readout.setText)
        for tool, signal in (
            ("model", canvas.layers.model_hidden_changed),
            ("grid", canvas.layers.grid_changed),
            ("crosshair", canvas.crosshair.shown_changed),
            ("ruler", canvas.ruler.on_changed),
            ("cine", canvas.cine.playing_changed),
        ):
            signal.connect(partial(self._tool_changed, tool))
        canvas.ruler.refused.connect(partial(messages.say, severity=Severity.NOTE, key="ruler"))
        canvas.network_view.shown_changed.connect(self._network_view_changed)
        network.failed.connect(self._network_view_failed)

    def _active_changed(self, scan_id: str) -> None:
        self._views.scans.set_active(scan_id)
        self._views.scans.set_network_view(bool(scan_id) and self._canvas.network_view.is_shown(scan_id))

    def _tool_changed(self, tool: str, on: bool) -> None:
        self._views.display.set_tools(**{tool: on})

    def _window_changed(self) -> None:
        self._views.display.show_window(self._on_canvas.window)

    def _show_choices(self) -> None:
        layers = self._canvas.layers
        self._views.display.show_choices(self._on_canvas.choices)
        self._views.display.show_window(self._on_canvas.window)
        self._views.display.set_network_window(layers.active in self._session.windows)
        self._views.display.set_tools(grid=layers.is_grid, model=layers.model_hidden)

    def _network_view_changed(self, scan_id: str, shown: bool) -> None:
        if scan_id == self._canvas.layers.active:
            self._views.scans.set_network_view(shown)

    def _network_view_failed(self, line: str) -> None:
        self._messages.say(line, key="engine")
        self._views.scans.set_network_view(False)
