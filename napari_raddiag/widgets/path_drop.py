"""Files and folders dropped onto a widget, as paths; may be set on any widget, also on the whole panel."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QEvent, QMimeData, QObject, Signal
from qtpy.QtWidgets import QWidget


class PathDrop(QObject):
    """Watches one widget. Drops on its children reach it as well, unless they take drops themselves."""

    paths_dropped = Signal(list)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take drags that hold local files; leave everything else to the widget."""
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            if not local_paths(event.mimeData()):
                return False
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop:
            paths = local_paths(event.mimeData())
            if not paths:
                return False
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)
            return True
        return False


def local_paths(mime_data: QMimeData) -> list[Path]:
    """The local files and folders of a drag, in its order; what lies in the web is left out."""
    return [Path(url.toLocalFile()) for url in mime_data.urls() if url.isLocalFile()]
