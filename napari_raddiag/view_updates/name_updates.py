"""What the panel shows of the disorders that were asked for by name."""

from __future__ import annotations

from qtpy.QtCore import QObject

from napari_raddiag.controllers.name_asker import NameAsker
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.view_updates.panel_messages import PanelMessages


class NameUpdates(QObject):
    """Follows the asker."""

    def __init__(self, views: PanelViews, names: NameAsker, messages: PanelMessages, parent: QObject) -> None:
        super().__init__(parent)
        self._view = views.names
        self._disorders = views.disorders
        self._names = names
        self._messages = messages
        names.changed.connect(self.all)
        names.busy.connect(self._view.set_busy)
        names.suggested.connect(self._view.show_suggestions)
        names.failed.connect(self._failed)

    def all(self) -> None:
        """Everything, as after the start."""
        self._view.show_rows(self._names.rows)
        self._view.set_unavailable(self._names.why_not)
        # What cannot be done with this model at all is said in its card, and takes no room here.
        self._view.setVisible(self._names.takes_names)
        self._disorders.set_unseen(self._names.scores)

    def _failed(self, line: str) -> None:
        self._messages.say(line, Severity.NOTE, "names")
