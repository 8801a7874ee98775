"""The colours of hand-painted parts, taken from the palette, so that they follow any theme, dark or light.

Orange and blue keep apart for colour-blind eyes; nothing is said by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from qtpy.QtGui import QColor, QPalette


@dataclass(frozen=True)
class Colours:
    """Colours as "#rrggbb".

    Attributes:
        background: Behind the panel.
        text: Of plain text.
        muted: Of text that matters less; 4.5 to 1 against the background or better.
        line: Of frames, grids and empty bars.
        highlight: Of what is selected.
        positive: Of positive disorders and of what speaks for one.
        negative: Of the other scores.
        against: Of what speaks against a disorder.
        caution: Of warnings.
        error: Of errors.
        good: Of a ready engine.
    """

    background: str
    text: str
    muted: str
    line: str
    highlight: str
    positive: str
    negative: str
    against: str
    caution: str
    error: str
    good: str

    @property
    def is_dark(self) -> bool:
        """True if the text is lighter than what is behind it."""
        return bool(QColor(self.text).lightnessF() > QColor(self.background).lightnessF())


@lru_cache(maxsize=64)  # asked for by every cell that is painted
def colours_from(background: str, text: str, highlight: str) -> Colours:
    """All colours from three of a theme, each as "#rrggbb"."""
    dark = QColor(text).lightnessF() > QColor(background).lightnessF()
    return Colours(
        background=background,
        text=text,
        muted=mixed(text, background, 0.78),
        line=mixed(text, background, 0.22),
        highlight=highlight,
        positive="#f2a23c" if dark else "#a85400",
        negative=mixed(text, background, 0.5),
        against="#6db3f2" if dark else "#1c66a8",
        caution="#f2c14e" if dark else "#8a6100",
        error="#ff7a6b" if dark else "#b3261e",
        good="#63c28d" if dark else "#1d7a46",
    )


def colours_of(palette: QPalette) -> Colours:
    """The colours that fit a widget's palette, which follows the style sheet of its window."""
    role = QPalette.ColorRole
    group = QPalette.ColorGroup.Active  # a disabled widget must not turn the theme round
    return colours_from(
        palette.color(group, role.Window).name(),
        palette.color(group, role.WindowText).name(),
        palette.color(group, role.Highlight).name(),
    )


@lru_cache(maxsize=256)
def mixed(first: str, second: str, share: float) -> str:
    """`share` of the first colour, the rest of the second."""
    a, b = QColor(first), QColor(second)
    channels = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(share * x + (1 - share) * y) for x, y in channels)).name()
