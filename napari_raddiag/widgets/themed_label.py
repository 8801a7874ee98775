"""Labels in one of the panel's colours, with a sign before the text, that follow a change of theme."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QPainter
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_raddiag.data_models.plain_line import breakable
from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.marks import Mark, mark_pixmap

Role = Literal["text", "muted", "positive", "caution", "error", "good"]


class ThemedLabel(QLabel):
    """Text in the colour of a role; wraps, can be selected with the mouse, and is never taken for rich text.

    A word longer than a line is broken too, or one file's name would push the panel's right side out of sight.
    """

    def __init__(self, role: Role = "text", *, bold: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role: Role = role
        self._weight = " font-weight: bold;" if bold else ""
        self._sheet = self._said = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        # A theme's style sheet makes labels frames, which Qt indents: lines would not begin where buttons do.
        self.setIndent(0)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        """Say something."""
        self._said = text
        super().setText(breakable(text))

    def text(self) -> str:
        """What is said, without the places to break that it is shown with."""
        return self._said

    def minimumSizeHint(self) -> QSize:
        """One line: the layout asks for the height at its width, and else keeps room for the narrowest wrapping."""
        hint = super().minimumSizeHint()
        if not self.wordWrap():
            return hint
        return QSize(hint.width(), min(hint.height(), self.fontMetrics().lineSpacing() + 2))

    def set_role(self, role: Role) -> None:
        """Change the colour."""
        self._role = role
        self._apply()

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: the colour is taken anew."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.ParentChange):
            self._apply()

    def showEvent(self, event: QEvent) -> None:
        """The style sheet of the window reaches a widget when it is first shown."""
        super().showEvent(event)
        self._apply()

    def _apply(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        # The parent's palette, since the label's own holds the colour set here.
        sheet = f"ThemedLabel {{ color: {getattr(colours_of(parent.palette()), self._role)};{self._weight} }}"
        if sheet != self._sheet:
            self._sheet = sheet
            self.setStyleSheet(sheet)


class MarkView(QWidget):
    """One sign, as high as a line of text."""

    def __init__(self, mark: Mark = Mark.INFO, role: Role = "muted", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark, self._role = mark, role
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def mark(self) -> Mark:
        """The sign shown."""
        return self._mark

    def set_mark(self, mark: Mark, role: Role) -> None:
        """Show another sign."""
        self._mark, self._role = mark, role
        self.update()

    def sizeHint(self) -> QSize:
        """A square as high as a line."""
        side = self.fontMetrics().height()
        return QSize(side, side)

    def paintEvent(self, event: QEvent) -> None:
        """Draw the sign."""
        painter = QPainter(self)
        colour = getattr(colours_of(self.palette()), self._role)
        painter.drawPixmap(1, 1, mark_pixmap(self._mark, colour, self.width() - 2, self.devicePixelRatioF()))
        painter.end()


class NoteLine(QWidget):
    """A sign in its colour and a plain text that may take several lines; hidden while it is empty."""

    def __init__(self, role: Role = "caution", mark: Mark = Mark.TRIANGLE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mark_view = MarkView(mark, role)
        self.label = ThemedLabel("muted" if role == "muted" else "text")
        self.label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)  # beside the sign
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.mark_view, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.label, 1)
        self.setVisible(False)

    @property
    def text(self) -> str:
        """What is said; empty while hidden."""
        return self.label.text()

    def show_text(self, text: str, tooltip: str = "") -> None:
        """Say `text`; empty hides the line."""
        self.label.setText(text)
        self.setToolTip(tooltip)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def set_role(self, role: Role, mark: Mark) -> None:
        """Change sign and colour."""
        self.mark_view.set_mark(mark, role)
        self.label.set_role("muted" if role == "muted" else "text")
