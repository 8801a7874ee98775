"""The few signs of the panel, drawn and not loaded: sharp on every screen, in any colour, told apart by shape."""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

ICON_SIZES_PX = (16, 24, 32, 48, 64)


class Mark(Enum):
    """What the sign looks like."""

    DOT = auto()
    RING = auto()
    HALF = auto()
    CROSS = auto()
    TRIANGLE = auto()
    INFO = auto()
    RIGHT = auto()
    DOWN = auto()


def draw_mark(painter: QPainter, mark: Mark, rect: QRectF, colour: str) -> None:
    """Draw the sign into the largest square in the middle of `rect`."""
    side = min(rect.width(), rect.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center())
    painter.scale(side / 2, side / 2)  # the sign is drawn from -1 to 1
    pen = QPen(QColor(colour), 0.26, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _DRAW[mark](painter, QColor(colour))
    painter.restore()


@lru_cache(maxsize=256)  # a few signs in a few colours, painted again whenever the window is
def mark_pixmap(mark: Mark, colour: str, size_px: int, pixel_ratio: float = 1.0) -> QPixmap:
    """The sign as a picture of `size_px` logical pixels; made once, not to be painted on."""
    pixmap = QPixmap(round(size_px * pixel_ratio), round(size_px * pixel_ratio))
    pixmap.setDevicePixelRatio(pixel_ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_mark(painter, mark, QRectF(0, 0, size_px, size_px), colour)
    painter.end()
    return pixmap


def mark_icon(mark: Mark, colour: str) -> QIcon:
    """The sign as an icon that holds all sizes in use."""
    icon = QIcon()
    for size in ICON_SIZES_PX:
        icon.addPixmap(mark_pixmap(mark, colour, size))
    return icon


def _dot(painter: QPainter, colour: QColor) -> None:
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(0, 0), 0.62, 0.62)


def _ring(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(0, 0), 0.62, 0.62)


def _half(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(0, 0), 0.62, 0.62)
    painter.setBrush(colour)
    painter.drawPie(QRectF(-0.62, -0.62, 1.24, 1.24), 90 * 16, -180 * 16)


def _cross(painter: QPainter, colour: QColor) -> None:
    painter.drawLine(QPointF(-0.55, -0.55), QPointF(0.55, 0.55))
    painter.drawLine(QPointF(-0.55, 0.55), QPointF(0.55, -0.55))


def _triangle(painter: QPainter, colour: QColor) -> None:
    painter.drawPolygon(QPolygonF([QPointF(0, -0.75), QPointF(0.82, 0.68), QPointF(-0.82, 0.68)]))
    painter.drawLine(QPointF(0, -0.18), QPointF(0, 0.14))
    painter.drawPoint(QPointF(0, 0.42))


def _info(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(0, 0), 0.8, 0.8)
    painter.drawLine(QPointF(0, -0.02), QPointF(0, 0.38))
    painter.drawPoint(QPointF(0, -0.38))


def _right(painter: QPainter, colour: QColor) -> None:
    painter.drawPolyline(QPolygonF([QPointF(-0.25, -0.5), QPointF(0.3, 0), QPointF(-0.25, 0.5)]))


def _down(painter: QPainter, colour: QColor) -> None:
    painter.drawPolyline(QPolygonF([QPointF(-0.5, -0.25), QPointF(0, 0.3), QPointF(0.5, -0.25)]))


_DRAW = {
    Mark.DOT: _dot,
    Mark.RING: _ring,
    Mark.HALF: _half,
    Mark.CROSS: _cross,
    Mark.TRIANGLE: _triangle,
    Mark.INFO: _info,
    Mark.RIGHT: _right,
    Mark.DOWN: _down,
}
