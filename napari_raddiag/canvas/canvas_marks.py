"""Lines and words drawn over the canvas in pixels, seen in screenshots of the canvas as well as of the window.

napari's own text overlays hold one text for all cells of the grid, and there are no lines; Qt widgets over the canvas
are missing in napari's screenshots. So this draws vispy's public visuals into the canvas. How they get there is not
public in napari 0.9: the one private step is in `_canvas_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from vispy.scene import Line
from vispy.scene.visuals import Image as Picture
from vispy.visuals.transforms import STTransform

Anchor = Literal["left", "center", "right"]
Colour = tuple[int, int, int]
# Above napari's own overlays.
ORDER = 2 * 10**6
SHADOW = QColor(0, 0, 0, 190)


@dataclass(frozen=True)
class Words:
    """One line of text.

    Attributes:
        text: What it says.
        x_px, y_px: On the canvas, y down; the place of the anchor, in the middle of the height.
        anchor: Which part of the text lies there.
        size_px: Height of the letters.
        colour: Red, green, blue, 0 to 255.
        bold: Heavier strokes.
    """

    text: str
    x_px: float
    y_px: float
    anchor: Anchor = "center"
    size_px: int = 13
    colour: Colour = (235, 235, 235)
    bold: bool = False


@dataclass(frozen=True)
class Stroke:
    """A straight line from (x, y) to (x, y) on the canvas."""

    start_px: tuple[float, float]
    end_px: tuple[float, float]


class CanvasMarks:
    """One group of words and strokes over a viewer's canvas, such as a crosshair."""

    def __init__(
        self, viewer: Any, colour: Colour = (90, 220, 240), opacity: float = 0.8, width_px: float = 1.0
    ) -> None:
        self._parent = _canvas_of(viewer)
        self._widget = canvas_widget(viewer)
        self._ratio = 0.0
        self._pictures: list[Any] = []
        self._colour = (*(c / 255 for c in colour), opacity)
        self._width_px = width_px
        self._line: Any = None
        self.words: tuple[Words, ...] = ()
        self.strokes: tuple[Stroke, ...] = ()

    def draw(self, words: Sequence[Words] = (), strokes: Sequence[Stroke] = ()) -> None:
        """Show these and nothing else."""
        if not isalive(self._widget):  # the window is closed
            return
        ratio = float(self._widget.devicePixelRatioF())
        if (tuple(words), tuple(strokes), ratio) == (self.words, self.strokes, self._ratio):
            return
        self.words, self.strokes, self._ratio = tuple(words), tuple(strokes), ratio
        self._draw_strokes()
        for number, word in enumerate(self.words):
            if number == len(self._pictures):
                self._pictures.append(_new_picture(self._parent))
            _show(self._pictures[number], word, ratio)
        for picture in self._pictures[len(self.words) :]:
            picture.visible = False

    def close(self) -> None:
        """Take everything off the canvas."""
        for node in (*self._pictures, self._line):
            if node is not None:
                node.parent = None
        self._pictures, self._line = [], None
        self.words, self.strokes = (), ()

    def _draw_strokes(self) -> None:
        if not self.strokes:
            if self._line is not None:
                self._line.visible = False
            return
        ends = np.array([end for stroke in self.strokes for end in (stroke.start_px, stroke.end_px)], dtype=np.float32)
        if self._line is None:
            self._line = Line(ends, self._colour, self._width_px, connect="segments", method="gl", parent=self._parent)
            self._line.order = ORDER
            self._line.set_gl_state("translucent", depth_test=False)
        else:
            self._line.set_data(ends)
        self._line.visible = True


def _canvas_of(viewer: Any) -> Any:
    """The vispy node of the whole canvas, in pixels, in whose place napari's own overlays stand too."""
    return viewer.window._qt_viewer.canvas.view


def canvas_widget(viewer: Any) -> Any:
    """The QWidget of the canvas, which knows the screen that it is on."""
    return viewer.window._qt_viewer.canvas.native


def _new_picture(parent: Any) -> Any:
    picture = Picture(np.zeros((1, 1, 4), np.uint8), interpolation="nearest", method="subdivide", parent=parent)
    picture.order = ORDER + 1
    picture.set_gl_state("translucent", depth_test=False)
    picture.transform = STTransform()
    return picture


def _show(picture: Any, word: Words, ratio: float) -> None:
    pixels = _painted(word.text, word.size_px, word.colour, word.bold, ratio)
    height_px, width_px = pixels.shape[0] / ratio, pixels.shape[1] / ratio
    left = {"left": 0.0, "center": width_px / 2, "right": width_px}[word.anchor]
    picture.set_data(pixels)
    # Whole device pixels, or the letters blur.
    x = round((word.x_px - left) * ratio) / ratio
    y = round((word.y_px - height_px / 2) * ratio) / ratio
    picture.transform.scale = (1 / ratio, 1 / ratio)
    picture.transform.translate = (x, y)
    picture.visible = True


@lru_cache(maxsize=256)
def _painted(text: str, size_px: int, colour: Colour, bold: bool, ratio: float) -> NDArray[np.uint8]:
    """(row, column, RGBA) picture of a text with a dark rim, which stays readable on white bone and black air."""
    font = QFont()
    font.setPixelSize(size_px)
    font.setBold(bold)
    box = QFontMetricsF(font).boundingRect(text)
    width = int(np.ceil((QFontMetricsF(font).horizontalAdvance(text) + 6) * ratio))
    height = int(np.ceil((box.height() + 4) * ratio))
    image = QImage(width, height, QImage.Format.Format_RGBA8888)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.scale(ratio, ratio)
    painter.setFont(font)
    frame = QRectF(0, 0, width / ratio, height / ratio)
    painter.setPen(SHADOW)
    for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1), (-1, -1)):
        painter.drawText(frame.translated(x, y), Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(QColor(*colour))
    painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine() // 4, 4)
    return pixels[:, :width].copy()
