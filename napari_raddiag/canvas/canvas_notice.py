"""One line in the upper part of the canvas that the reader must not overlook; what it says is not known here."""

from __future__ import annotations

from napari_raddiag.canvas.canvas_marks import CanvasMarks, Words
from napari_raddiag.canvas.redrawing import Redrawing
from napari_raddiag.canvas.scan_layers import ScanLayers

# Below the letter of the upper edge.
TOP_PX = 44
SIZE_PX = 16
COLOUR = (255, 170, 60)


class CanvasNotice(Redrawing):
    """Stays over scans, planes and the grid until it is taken away."""

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__(layers)
        self.marks = CanvasMarks(layers.viewer)
        self.text = ""

    def show(self, text: str) -> None:
        """Say this; nothing if it is empty."""
        if text != self.text:
            self.text = text
            self.schedule()

    def redraw(self) -> None:
        """Draw the line where the middle of the canvas is now."""
        _, width_px = self.layers.viewer.canvas.size
        self.marks.draw((Words(self.text, width_px / 2, TOP_PX, "center", SIZE_PX, COLOUR, True),) if self.text else ())

    def close(self) -> None:
        """Take it off the canvas."""
        super().close()
        self.marks.close()
