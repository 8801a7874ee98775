"""What a person decides about pictures into which words may be burned."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels.

    Attributes:
        row: Of its upper edge, from 0.
        column: Of its left edge, from 0.
        height: In pixels.
        width: In pixels.
    """

    row: int
    column: int
    height: int
    width: int

    @classmethod
    def parse(cls, text: str) -> Region:
        """From "ROW,COLUMN,HEIGHT,WIDTH".

        Raises:
            ValueError: It is not four whole numbers, or there is no such rectangle.
        """
        row, column, height, width = map(int, text.split(","))
        if row < 0 or column < 0 or height < 1 or width < 1:
            raise ValueError("a rectangle begins at 0 or later and has at least one pixel")
        return cls(row, column, height, width)


@dataclass(frozen=True)
class Choices:
    """The decision.

    Attributes:
        regions: To blank in these pictures.
        allow_burned_in: Whether they are written as they are.
    """

    regions: tuple[Region, ...] = ()
    allow_burned_in: bool = False
