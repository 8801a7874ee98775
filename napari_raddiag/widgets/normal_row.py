"""The class Normal, which stands apart from the ranked disorders."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_raddiag.data_models.score_text import score_sentence, score_text, score_tooltip
from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.disorder_delegates import draw_line, draw_score_bar
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
        metrics = painter.fontMetrics()
        painter.setPen(QColor(colours.line))
        painter.drawLine(0, 0, self.width(), 0)
        rect = QRectF(self.rect()).adjusted(PADDING_PX, 2, -PADDING_PX, 0)
        state_width = metrics.horizontalAdvance("not assessed") + PADDING_PX + 6
        number_width = metrics.horizontalAdvance("~0.00") + PADDING_PX
        bar_width = metrics.horizontalAdvance("000000")
        muted = self._stale or score.state == "not assessed"
        painter.setPen(QColor(colours.muted if muted else colours.text))
        name = QRectF(rect.left(), rect.top(), rect.width() - state_width - number_width - bar_width, rect.height())
        draw_line(painter, name, score.name)
        bar = QRectF(name.right(), rect.center().y() - metrics.height() * 0.3, bar_width, metrics.height() * 0.6)
        draw_score_bar(painter, bar, score, colours, stale=self._stale)
        number = QRectF(bar.right(), rect.top(), number_width, rect.height())
        painter.setPen(QColor(colours.muted if muted else colours.text))
        painter.drawText(number, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), score_text(score))
        painter.setPen(QColor(colours.muted))
        draw_line(
            painter, QRectF(rect.right() - state_width + 8, rect.top(), state_width - 8, rect.height()), score.state
        )
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 1, -1, -1))
        painter.end()

    def _choose(self) -> bool:
        if self._score is None or self._stale:
            return False
        self.chosen.emit(self._score.name)
        return True
