"""The letters R L A P H F at the four edges of a view: axes and flips of the camera in, letters out; no canvas."""

from __future__ import annotations

from dataclasses import dataclass

from napari_raddiag.display.display_grid import DisplayGrid

ORIENTATION_UNKNOWN = "orientation unknown"


@dataclass(frozen=True)
class EdgeLetters:
    """What lies beyond each edge of the screen; all empty if the file does not say."""

    top: str
    bottom: str
    left: str
    right: str

    @property
    def known(self) -> bool:
        """True if all four edges have a letter."""
        return all((self.top, self.bottom, self.left, self.right))


def edge_letters(
    grid: DisplayGrid, down_axis: int, across_axis: int, *, flip_vertical: bool = False, flip_horizontal: bool = False
) -> EdgeLetters:
    """The letters of one view.

    Args:
        grid: Of the scan in view.
        down_axis: Display axis that runs down the screen.
        across_axis: Display axis that runs across the screen.
        flip_vertical: True if the camera shows the first row at the bottom.
        flip_horizontal: True if the camera shows the first column at the right.
    """
    top, bottom = grid.end_letters[down_axis]
    left, right = grid.end_letters[across_axis]
    if flip_vertical:
        top, bottom = bottom, top
    if flip_horizontal:
        left, right = right, left
    letters = EdgeLetters(top, bottom, left, right)
    return letters if letters.known else EdgeLetters("", "", "", "")
