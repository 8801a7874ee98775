"""A person at the window: real Qt mouse events in, screenshots out."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

NOTCH = 120
NO_KEYS = Qt.KeyboardModifier.NoModifier


class Hands:
    """Acts on one viewer's canvas, in pixels from its top left corner."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer

    @property
    def widget(self) -> Any:
        """The canvas."""
        return self.viewer.window._qt_viewer.canvas.native

    @property
    def middle(self) -> tuple[float, float]:
        """Of the canvas."""
        return self.widget.width() / 2, self.widget.height() / 2

    def settle(self, seconds: float = 0.15) -> None:
        """Let Qt draw and its timers run."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)

    def look(self) -> NDArray[np.int16]:
        """(row, column, RGB) of the canvas as napari's own screenshot gives it."""
        self.settle()
        return np.asarray(self.viewer.screenshot(canvas_only=True, flash=False))[..., :3].astype(np.int16)

    def look_at_window(self) -> NDArray[np.int16]:
        """(row, column, RGB) of the canvas as it stands in a picture of the whole window."""
        self.settle()
        image = self.viewer.window._qt_window.grab().toImage().convertToFormat(_rgb888())
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        pixels = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(np.int16)
        corner = self.widget.mapTo(self.viewer.window._qt_window, QPoint(0, 0))
        return pixels[corner.y() : corner.y() + self.widget.height(), corner.x() : corner.x() + self.widget.width()]

    def drag(self, button: Qt.MouseButton, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press, move in steps, release."""
        self._mouse(QMouseEvent.Type.MouseButtonPress, start, button, button)
        for share in np.linspace(0.25, 1, 4):
            place = tuple((1 - share) * np.array(start) + share * np.array(end))
            self._mouse(QMouseEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button)  # type: ignore[arg-type]
            self.settle(0.02)
        self._mouse(QMouseEvent.Type.MouseButtonRelease, end, button, Qt.MouseButton.NoButton)
        self.settle(0.02)

    def hover(self, place: tuple[float, float]) -> None:
        """Move without a button."""
        self._mouse(QMouseEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
        self.settle(0.03)

    def wheel(self, place: tuple[float, float], notches: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Turn the wheel; positive is away from the person."""
        local = QPointF(*place)
        event = QWheelEvent(
            local,
            self.widget.mapToGlobal(local),
            QPoint(0, 0),
            QPoint(0, round(NOTCH * notches)),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.widget, event)
        QApplication.processEvents()

    def _mouse(
        self, kind: QMouseEvent.Type, place: tuple[float, float], button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        local = QPointF(float(place[0]), float(place[1]))
        event = QMouseEvent(kind, local, self.widget.mapToGlobal(local), button, held, NO_KEYS)
        QApplication.sendEvent(self.widget, event)
        QApplication.processEvents()


def _rgb888() -> Any:
    from qtpy.QtGui import QImage

    return QImage.Format.Format_RGB888


def middle_of(mask: NDArray[np.bool_], left_px: float = 0.0, top_px: float = 0.0) -> NDArray[np.float64]:
    """(x, y) of the middle of what is True, in a picture whose corner lies there."""
    rows, columns = np.nonzero(mask)
    assert len(rows), "there is nothing to be seen of it"
    return np.array([columns.mean() + left_px, rows.mean() + top_px])


def white(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """True where the landmark of the phantom is seen; words are never as bright."""
    return np.asarray(picture.min(axis=2) >= 245)


def red(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """True where evidence of middling strength is seen, on white as on grey; letters are never as red."""
    return np.asarray(picture[..., 0] - picture[..., 1] > 60)


def yellow(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """True where a letter is seen."""
    return np.asarray((picture[..., 0] > 220) & (picture[..., 1] > 180) & (picture[..., 2] < 140))
