"""The colours of an overlay, from no evidence to the strongest in this case."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_raddiag.data_models.evidence_state import Colour
from napari_raddiag.widgets.colours import colours_of

LEAST, MOST = "none", "strongest in this case"


class ColourBar(QWidget):
    """A gradient with words at its ends."""

    def __init__(self) -> None:
        super().__init__()
        self._colours: tuple[Colour, ...] = ()
        self._name = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("One scale for all scans of this case, so that a scan without evidence stays dark")

    def show_colours(self, colours: Sequence[Colour], name: str = "") -> None:
        """Show a colormap.

        Args:
            colours: uint8 RGB, evenly spaced, no evidence first; empty hides the bar.
            name: Of the disorder, if two are compared; empty if there is nothing to tell apart.
        """
        self._colours, self._name = tuple(colours), name
        self.setVisible(bool(self._colours))
        self.setAccessibleName(f"Colours of the evidence {name}, from {LEAST} to {MOST}")
        self.update()

    def sizeHint(self) -> QSize:
        """A bar and a line of text."""
        height = self.fontMetrics().height()
        return QSize(12 * height, round(1.7 * height) + 2)

    def paintEvent(self, event: QEvent) -> None:
        """Draw bar and words."""
        if not self._colours:
            return
        painter = QPainter(self)
        colours, height = colours_of(self.palette()), painter.fontMetrics().height()
        bar = QRectF(0.5, 0.5, self.width() - 1, round(0.6 * height))
        gradient = QLinearGradient(QPointF(bar.left(), 0), QPointF(bar.right(), 0))
        last = max(len(self._colours) - 1, 1)
        for place, colour in enumerate(self._colours):
            gradient.setColorAt(place / last, QColor(*colour))
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(colours.line))
        painter.drawRect(bar)
        painter.setPen(QColor(colours.muted))
        below = QRectF(0, bar.bottom() + 1, self.width(), height)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), LEAST)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), MOST)
        if self._name:
            taken = painter.fontMetrics().horizontalAdvance(f"{LEAST}{MOST}") + 2 * height
            name = painter.fontMetrics().elidedText(
                self._name, Qt.TextElideMode.ElideRight, max(int(self.width() - taken), 0)
            )
            left = painter.fontMetrics().horizontalAdvance(LEAST) + height
            painter.setPen(QColor(colours.text))
            painter.drawText(QPointF(left, below.top() + painter.fontMetrics().ascent()), name)
        painter.end()
