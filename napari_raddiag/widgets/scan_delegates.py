"""How the cells of the scan table are drawn and edited."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPoint, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_raddiag.data_models.index import Index
from napari_raddiag.data_models.scan_facts import ScanFacts
from napari_raddiag.data_models.scan_table import FACTS_ROLE, NETWORK_SAW, NETWORK_WILL_SEE, SHOWN_ROLE, Column
from napari_raddiag.widgets.colours import Colours, colours_of, mixed
from napari_raddiag.widgets.marks import Mark, draw_mark
from raddiag_engine.cases import Modality

PADDING_PX = 4
WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class ScanCell(QStyledItemDelegate):
    """Lines of text, the first plain and the others muted; a scan that is not used is muted as a whole."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """High enough for the wrapped text."""
        width = option.rect.width() - 2 * PADDING_PX
        lines = (index.data() or "").split("\n")
        text = "\n".join(_as_shown(option.fontMetrics, line, width) for line in lines)
        rect = option.fontMetrics.boundingRect(QRect(0, 0, max(width, 20), 10_000), int(WRAPPED), text)
        return QSize(rect.width() + 2 * PADDING_PX, rect.height() + 2 * PADDING_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        colours = colours_of(option.palette)
        painter.save()
        painter.setFont(option.font)  # a delegate of Python gets the painter as the last cell left it
        paint_background(painter, option, colours)
        rect = option.rect.adjusted(PADDING_PX, PADDING_PX, -PADDING_PX, -PADDING_PX)
        self._paint_content(painter, rect, index, colours)
        painter.restore()

    def _paint_content(self, painter: QPainter, rect: QRect, index: Index, colours: Colours) -> None:
        facts: ScanFacts = index.data(FACTS_ROLE)
        lines = (index.data() or "").split("\n")
        for number, line in enumerate(lines):
            leading = number == 0 and facts.used
            painter.setPen(QColor(colours.text if leading else colours.muted))
            if line.startswith(("not used", "used by choice")):
                painter.setPen(QColor(colours.caution))
            shown = _as_shown(painter.fontMetrics(), line, rect.width())
            used = painter.boundingRect(rect, int(WRAPPED), shown)
            painter.drawText(rect, int(WRAPPED), shown)
            rect.setTop(used.bottom() + 1)


class UseCell(ScanCell):
    """The tick: its own square, since themes draw those of item views hardly visible."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A square as high as a line."""
        side = option.fontMetrics.height() + 2 * PADDING_PX
        return QSize(side, side)

    def _paint_content(self, painter: QPainter, rect: QRect, index: Index, colours: Colours) -> None:
        side = min(painter.fontMetrics().height(), rect.width())
        box = QRectF(rect.left() + (rect.width() - side) / 2, rect.top(), side, side).adjusted(1, 1, -1, -1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.setBrush(QColor(mixed(colours.text, colours.background, 0.1)))
        painter.drawRoundedRect(box, 2, 2)
        if index.data(FACTS_ROLE).used:
            painter.setPen(QPen(QColor(colours.text), max(1.6, side / 8)))
            corners = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.3))
            points = [
                QPoint(round(box.left() + x * box.width()), round(box.top() + y * box.height())) for x, y in corners
            ]
            painter.drawPolyline(points)

    def editorEvent(self, event: Any, model: Any, option: Any, index: Index) -> bool:
        """A click anywhere in the cell, or the space bar, asks for the other state."""
        clicked = event.type() == event.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton
        typed = event.type() == event.Type.KeyPress and event.key() == Qt.Key.Key_Space
        if not clicked and not typed:
            return False
        used = index.data(FACTS_ROLE).used
        wanted = Qt.CheckState.Unchecked if used else Qt.CheckState.Checked
        return bool(model.setData(index, wanted, Qt.ItemDataRole.CheckStateRole))


class ImageCell(ScanCell):
    """The thumbnail, framed if the canvas shows this scan."""

    def __init__(self, side_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side_px = side_px

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A square."""
        return QSize(self._side_px + 2 * PADDING_PX, self._side_px + 2 * PADDING_PX)

    def _paint_content(self, painter: QPainter, rect: QRect, index: Index, colours: Colours) -> None:
        side = min(self._side_px, rect.width())
        frame = QRect(rect.left() + (rect.width() - side) // 2, rect.top(), side, side)
        painter.fillRect(frame, QColor("black"))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        facts: ScanFacts = index.data(FACTS_ROLE)
        if picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(1.0 if facts.used else 0.45)
            size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(QPoint(0, 0), size)
            target.moveCenter(frame.center())
            painter.drawPixmap(target, picture)
            painter.setOpacity(1.0)
        shown = bool(index.data(SHOWN_ROLE))
        painter.setPen(QPen(QColor(colours.text if shown else colours.line), 2 if shown else 1))
        painter.drawRect(frame)


class WarningsCell(ScanCell):
    """A warning sign and how many doubts there are."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Sign above number."""
        side = option.fontMetrics.height()
        return QSize(side + 2 * PADDING_PX, 2 * side + 2 * PADDING_PX)

    def _paint_content(self, painter: QPainter, rect: QRect, index: Index, colours: Colours) -> None:
        facts: ScanFacts = index.data(FACTS_ROLE)
        if not facts.warnings and facts.usable:
            return
        side = painter.fontMetrics().height()
        square = QRectF(rect.left() + (rect.width() - side) / 2, rect.top(), side, side)
        draw_mark(painter, Mark.TRIANGLE, square.adjusted(1, 1, -1, -1), colours.caution)
        if facts.warnings:
            painter.setPen(QColor(colours.muted))
            below = rect.adjusted(-PADDING_PX, side, PADDING_PX, 0)
            painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), index.data())


class ModalityCell(ScanCell):
    """The modality, corrected by a list of the nine and unknown."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """The list, opened at once."""
        editor = QComboBox(parent)
        editor.addItems([str(modality) for modality in Modality])
        editor.setAccessibleName("Modality")
        editor.activated.connect(lambda _row: self._finish(editor))
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """The modality as it stands."""
        editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))
        editor.showPopup()

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        """What was chosen."""
        model.setData(index, Modality(editor.currentText()), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """As wide as its longest entry, which the column may not be."""
        rect = QRect(option.rect.topLeft(), editor.sizeHint())
        rect.setWidth(max(rect.width(), option.rect.width()))
        editor.setGeometry(rect)

    def _finish(self, editor: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


def _as_shown(metrics: QFontMetrics, line: str, width_px: int) -> str:
    """What the network sees is cut off to one line, since the details have it in full; all else wraps."""
    if line.startswith((NETWORK_SAW, NETWORK_WILL_SEE)):
        return str(metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(width_px, 20)))
    return line


def paint_background(painter: QPainter, option: QStyleOptionViewItem, colours: Colours) -> None:
    """Selected and hovered rows, in the theme's own highlight; never so strong that the text loses its contrast."""
    from qtpy.QtWidgets import QStyle

    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, QColor(mixed(colours.highlight, colours.background, 0.55)))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, QColor(mixed(colours.highlight, colours.background, 0.25)))


COLUMN_DELEGATES = {
    Column.USE: UseCell,
    Column.MODALITY: ModalityCell,
    Column.GEOMETRY: ScanCell,
    Column.WARNINGS: WarningsCell,
}
