"""R L A P H F at the edges of every scan in sight, and in its corners which scan, slice and window it is."""

from __future__ import annotations

from collections.abc import Iterator

from napari_raddiag.canvas.canvas_cells import CanvasCell, camera_flips, canvas_cells
from napari_raddiag.canvas.canvas_marks import CanvasMarks, Words
from napari_raddiag.canvas.redrawing import Redrawing
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.display.cursor_text import slice_text
from napari_raddiag.display.edge_letters import ORIENTATION_UNKNOWN, EdgeLetters, edge_letters
from napari_raddiag.display.planes import through_axis

EDGE_PX = 14
LETTER_PX, SMALL_PX = 17, 12
LETTER_COLOUR = (255, 214, 90)
QUIET_COLOUR = (200, 200, 200)
ACTIVE_COLOUR = (120, 205, 255)


class OrientationLetters(Redrawing):
    """Follows planes, flips of the camera, resizing and the grid."""

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__(layers)
        self.marks = CanvasMarks(layers.viewer)
        self.schedule()

    def letters(self, scan_id: str) -> EdgeLetters:
        """The letters of a scan as it is shown now."""
        seat = self.layers.seat(scan_id)
        flip_vertical, flip_horizontal = camera_flips(self.layers.viewer)
        down, across = seat.screen_axes
        return edge_letters(seat.grid, down, across, flip_vertical=flip_vertical, flip_horizontal=flip_horizontal)

    def redraw(self) -> None:
        """Draw the words of all cells."""
        words: list[Words] = []
        for cell in canvas_cells(self.layers):
            words += self._edges(cell)
            words += self._corners(cell)
        self.marks.draw(words)

    def close(self) -> None:
        """Take the words off the canvas."""
        super().close()
        self.marks.close()

    def _edges(self, cell: CanvasCell) -> Iterator[Words]:
        middle_x, middle_y = cell.middle_px
        letters = self.letters(cell.scan_id)
        if not letters.known:
            yield Words(ORIENTATION_UNKNOWN, middle_x, cell.top_px + EDGE_PX, "center", SMALL_PX, LETTER_COLOUR)
            return
        right, bottom = cell.left_px + cell.width_px, cell.top_px + cell.height_px
        for text, x, y, anchor in (
            (letters.top, middle_x, cell.top_px + EDGE_PX, "center"),
            (letters.bottom, middle_x, bottom - EDGE_PX, "center"),
            (letters.left, cell.left_px + EDGE_PX / 2, middle_y, "left"),
            (letters.right, right - EDGE_PX / 2, middle_y, "right"),
        ):
            yield Words(text, x, y, anchor, LETTER_PX, LETTER_COLOUR, bold=True)  # type: ignore[arg-type]

    def _corners(self, cell: CanvasCell) -> Iterator[Words]:
        layers = self.layers
        seat = layers.seat(cell.scan_id)
        left, bottom = cell.left_px + EDGE_PX / 2, cell.top_px + cell.height_px - EDGE_PX
        in_hand = layers.is_grid and cell.scan_id == layers.active
        title = layers.title(cell.scan_id)
        colour = ACTIVE_COLOUR if in_hand else QUIET_COLOUR
        yield Words(title, left, cell.top_px + EDGE_PX, "left", SMALL_PX, colour, bold=in_hand)
        through = through_axis(seat.grid, seat.plane)
        if through is not None:
            text = slice_text(seat.grid, layers.navigation.index(cell.scan_id), through)
            if seat.plane != "acquired":
                text = f"{seat.plane}{' (oblique)' if seat.grid.is_oblique else ''}, {text}"
            yield Words(text, left, bottom, "left", SMALL_PX, QUIET_COLOUR)
        if seat.scan.colour is None:
            window = layers.windows.of(cell.scan_id)
            text = f"C {window.center:.5g}  W {window.width:.5g}"
            right = cell.left_px + cell.width_px - EDGE_PX / 2
            yield Words(text, right, bottom, "right", SMALL_PX, QUIET_COLOUR)
