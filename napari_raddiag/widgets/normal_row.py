"""The class Normal, which stands apart from the ranked disorders."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_raddiag.data_models.score_text import score_sentence, score_tooltip
from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.disorder_delegates import draw_line, draw_score
from raddiag_engine.diagnosis.result import DisorderScore

PADDING_PX = 4


class NormalRow(QWidget):
    """One line with name, score, threshold and state; hidden if the model has no such class."""

    chosen = Signal(str)
    focus_released = Signal()
    """A click has chosen it: the focus may go to the image."""

    def __init__(self) -> None:
        super().__init__()
        self._score: DisorderScore | None = None
        self._stale = False
        self._columns = (0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def show_score(self, score: DisorderScore | None) -> None:
        """Show the score of Normal; None hides the row."""
        self._score = score
        self.setVisible(score is not None)
        if score is not None:
            self.setToolTip(score_tooltip(score))
            self.setAccessibleName(score_sentence(score))
        self.update()

    def align_to(self, score_left_px: int, score_width_px: int, state_left_px: int) -> None:
        """Put score and state below the columns of the list above, given in this row's own logical pixels."""
        self._columns = (score_left_px, score_width_px, state_left_px)
        self.update()

    def set_stale(self, stale: bool) -> None:
        """Draw it muted and let it not be chosen."""
        self._stale = stale
        self.update()

    def sizeHint(self) -> QSize:
        """One line, with room for the line above it."""
        return QSize(200, self.fontMetrics().height() + 10)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses."""
        if self._choose():
            self.focus_released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and space choose."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QEvent) -> None:
        """Draw the line."""
        score = self._score
        if score is None:
            return
        painter = QPainter(self)
        colours = colours_of(self.palette())
        painter.setPen(QColor(colours.line))
        painter.drawLine(0, 0, self.width(), 0)
        rect = QRectF(self.rect()).adjusted(PADDING_PX, 2, -PADDING_PX, 0)
        score_left, score_width, state_left = self._columns
        text = colours.muted if self._stale or score.state == "not assessed" else colours.text
        painter.setPen(QColor(text))
        draw_line(painter, QRectF(rect.left(), rect.top(), score_left - rect.left(), rect.height()), score.name)
        column = QRectF(score_left, rect.top(), score_width, rect.height()).adjusted(PADDING_PX, 0, -PADDING_PX, 0)
        draw_score(painter, column, score, colours, text, stale=self._stale)
        painter.setPen(QColor(colours.muted))
        left = state_left + PADDING_PX
        draw_line(painter, QRectF(left, rect.top(), self.width() - left, rect.height()), score.state)
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 1, -1, -1))
        painter.end()

    def _choose(self) -> bool:
        if self._score is None or self._stale:
            return False
        self.chosen.emit(self._score.name)
        return True
