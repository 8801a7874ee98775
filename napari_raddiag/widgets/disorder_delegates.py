"""How the cells of the disorder table are drawn: name above code, score as a bar with its threshold."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QPainter, QPen
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from napari_raddiag.data_models.disorder_table import SCORE_ROLE, Column
from napari_raddiag.data_models.index import Index
from napari_raddiag.data_models.score_text import codes_text, score_text
from napari_raddiag.widgets.colours import Colours, colours_of
from napari_raddiag.widgets.scan_delegates import PADDING_PX, paint_background
from raddiag_engine.diagnosis.result import DisorderScore

VERTICAL_PADDING_PX = 3


class DisorderCell(QStyledItemDelegate):
    """One line of text; `stale` draws everything muted."""

    stale = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line."""
        metrics = option.fontMetrics
        width = metrics.horizontalAdvance(index.data() or "") + 2 * PADDING_PX
        return QSize(width, metrics.height() + 2 * VERTICAL_PADDING_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        colours = colours_of(option.palette)
        painter.save()
        painter.setFont(option.font)
        paint_background(painter, option, colours)
        rect = QRectF(option.rect).adjusted(PADDING_PX, VERTICAL_PADDING_PX, -PADDING_PX, -VERTICAL_PADDING_PX)
        self._paint_content(painter, rect, index, colours)
        painter.restore()

    def _colour(self, score: DisorderScore, colours: Colours) -> str:
        return colours.muted if self.stale or score.state != "positive" else colours.text

    def _paint_content(self, painter: QPainter, rect: QRectF, index: Index, colours: Colours) -> None:
        score: DisorderScore = index.data(SCORE_ROLE)
        painter.setPen(QColor(self._colour(score, colours)))
        draw_line(painter, rect, index.data() or "")


class NameCell(DisorderCell):
    """The name, bold if positive; below it code and tier, where the table has no room for their columns."""

    two_lines = True

    def _paint_content(self, painter: QPainter, rect: QRectF, index: Index, colours: Colours) -> None:
        score: DisorderScore = index.data(SCORE_ROLE)
        font, height = QFont(painter.font()), painter.fontMetrics().height()
        bold = QFont(font)
        bold.setBold(score.state == "positive")
        painter.setFont(bold)
        assessed = score.state != "not assessed" and not self.stale
        painter.setPen(QColor(colours.text if assessed else colours.muted))
        if not self.two_lines:
            draw_line(painter, rect, score.name)
            return
        draw_line(painter, QRectF(rect.left(), rect.top(), rect.width(), height), score.name)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        below = "  ".join(part for part in (codes_text(score), score.tier) if part)
        draw_line(painter, QRectF(rect.left(), rect.top() + height, rect.width(), height), below)


class StateCell(DisorderCell):
    """The state in words; positive in its colour and bold."""

    def _paint_content(self, painter: QPainter, rect: QRectF, index: Index, colours: Colours) -> None:
        score: DisorderScore = index.data(SCORE_ROLE)
        if score.state == "positive":
            font = QFont(painter.font())
            font.setBold(True)
            painter.setFont(font)
        colour = colours.positive if score.state == "positive" and not self.stale else colours.muted
        painter.setPen(QColor(colour))
        draw_line(painter, rect, score.state)


class ScoreCell(DisorderCell):
    """Number and bar; a line across the bar is the threshold; a hatched bar without number was not assessed."""

    def _paint_content(self, painter: QPainter, rect: QRectF, index: Index, colours: Colours) -> None:
        score: DisorderScore = index.data(SCORE_ROLE)
        draw_score(painter, rect, score, colours, self._colour(score, colours), stale=self.stale)


def draw_score(
    painter: QPainter, rect: QRectF, score: DisorderScore, colours: Colours, text_colour: str, *, stale: bool
) -> None:
    """Bar at the left, number at the right."""
    number_width = painter.fontMetrics().horizontalAdvance("~0.00") + PADDING_PX
    bar_height = round(painter.fontMetrics().height() * 0.6)
    bar = QRectF(rect.left(), rect.center().y() - bar_height / 2, max(rect.width() - number_width, 12), bar_height)
    painter.setPen(QColor(text_colour))
    number = QRectF(bar.right(), rect.top(), number_width, rect.height())
    painter.drawText(number, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), score_text(score))
    draw_score_bar(painter, bar, score, colours, stale=stale)


def draw_score_bar(painter: QPainter, bar: QRectF, score: DisorderScore, colours: Colours, *, stale: bool) -> None:
    """A bar from 0 to 1 with the threshold as a line that stands out above and below it."""
    painter.setPen(Qt.PenStyle.NoPen)
    if score.state == "not assessed":
        painter.fillRect(bar, QBrush(QColor(colours.line), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        return
    painter.fillRect(bar, QColor(colours.line))
    filled = QRectF(bar)
    filled.setWidth(bar.width() * min(max(score.probability, 0.0), 1.0))
    painter.fillRect(filled, QColor(colours.positive if score.state == "positive" and not stale else colours.negative))
    x = bar.left() + bar.width() * score.threshold
    style = Qt.PenStyle.SolidLine if score.specificity is not None and score.reliable else Qt.PenStyle.DotLine
    painter.setPen(QPen(QColor(colours.muted if stale else colours.text), 2, style))
    painter.drawLine(QPointF(x, bar.top() - 2), QPointF(x, bar.bottom() + 2))


def draw_line(painter: QPainter, rect: QRectF, text: str) -> None:
    """One line of text, cut off with dots at the right where it does not fit."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


DELEGATES: dict[Column, type[DisorderCell]] = {
    Column.NAME: NameCell,
    Column.CODE: DisorderCell,
    Column.SCORE: ScoreCell,
    Column.STATE: StateCell,
    Column.TIER: DisorderCell,
}
