"""A titled part of the panel that folds away; its content may be made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.marks import Mark, mark_icon
from napari_raddiag.widgets.themed_label import ThemedLabel


class Section(QWidget):
    """A header that folds its content and says in a few words what is inside."""

    toggled = Signal(bool)

    def __init__(
        self, title: str, content: QWidget | Callable[[], QWidget], *, expanded: bool = True, stretch: bool = False
    ) -> None:
        """Make a section.

        Args:
            title: Of the header; "&" marks the key that, with Alt, folds and unfolds it.
            content: The widget inside, or what makes it when the section is first opened.
            expanded: True to begin open.
            stretch: True if the content may take what height there is, as far as it wants to.
        """
        super().__init__()
        self._factory = content if not isinstance(content, QWidget) else None
        self._content = content if isinstance(content, QWidget) else None
        self._stretch = stretch
        self._header = QToolButton()
        self._header.setText(title)
        self._header.setCheckable(True)
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._header.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        # The name's own rule, so that no theme paints the title as a raised or pressed button.
        self._header.setObjectName("raddiagSectionHeader")
        self._header.setStyleSheet(
            "QToolButton#raddiagSectionHeader"
            "{ border: none; background: transparent; font-weight: bold; padding: 2px; }"
            "QToolButton#raddiagSectionHeader:focus { text-decoration: underline; }"
        )
        self._summary = ThemedLabel("muted")
        self._summary.setWordWrap(False)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self._header)
        bar.addWidget(self._summary, 1)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addLayout(bar)
        if self._content is not None:
            self._layout.addWidget(self._content, 1)
        self._header.setChecked(expanded)
        self._header.toggled.connect(self._fold)
        self._fold(expanded)

    @property
    def content(self) -> QWidget | None:
        """The widget inside; None as long as it has not been made."""
        return self._content

    @property
    def is_expanded(self) -> bool:
        """True while the content is shown."""
        return bool(self._header.isChecked())

    def set_expanded(self, expanded: bool) -> None:
        """Open or fold."""
        self._header.setChecked(expanded)
        if self._content is not None:
            self._content.setVisible(expanded)  # it may have shown itself meanwhile, as a line that is given a text

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._header.setText(title)

    def set_summary(self, text: str) -> None:
        """A few words at the right of the header."""
        self._summary.setText(text)
        self._summary.setToolTip(text)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: the arrow is drawn anew."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw_arrow()

    def _fold(self, expanded: bool) -> None:
        if expanded and self._content is None and self._factory is not None:
            self._content = self._factory()
            self._layout.addWidget(self._content, 1)
        if self._content is not None:
            self._content.setVisible(expanded)
        self._draw_arrow()
        # A content that can use more height, and is there, makes the section grow; lines of text do not.
        grows = self._stretch and expanded
        self.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred if grows else QSizePolicy.Policy.Maximum
        )
        self._header.setToolTip("Fold this section" if expanded else "Open this section")
        self.toggled.emit(expanded)

    def _draw_arrow(self) -> None:
        mark = Mark.DOWN if self.is_expanded else Mark.RIGHT
        self._header.setIcon(mark_icon(mark, colours_of(self.palette()).muted))
        side = self.fontMetrics().height()
        self._header.setIconSize(QSize(side, side))
