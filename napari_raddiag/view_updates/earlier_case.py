"""Says on the image that it is still of the case that was open before, while another one is on its way."""

from __future__ import annotations

from qtpy.QtCore import QObject

from napari_raddiag.canvas.canvas_notice import CanvasNotice
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.session.reading_session import ReadingSession

READING = "Still the case before: another one is being read"
ASKING = "Still the case before: pick a patient in the panel"


class EarlierCase(QObject):
    """Follows the opener; says nothing where no case is open."""

    def __init__(self, session: ReadingSession, opener: CaseOpener, notice: CanvasNotice, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._opener = opener
        self._notice = notice
        for signal in (opener.reading, opener.choice_ended):
            signal.connect(self._show)
        session.case_changed.connect(lambda: notice.show(""))

    def _show(self, *_: object) -> None:
        if self._session.case is None:
            text = ""
        elif self._opener.is_reading:
            text = READING
        else:
            text = ASKING if self._opener.is_asking else ""
        self._notice.show(text)
