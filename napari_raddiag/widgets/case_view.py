"""Whose case is open, and the ways to open, step on and close; reads no file itself."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_raddiag.data_models.plain_line import one_line
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.path_drop import PathDrop
from napari_raddiag.widgets.themed_label import NoteLine, ThemedLabel

UNVERIFIED = "identity unverified"
NO_CASE = "No case is open. Open one, or drop files and folders here."


class CaseView(QWidget):
    """Identity line and buttons."""

    open_folder_requested = Signal()
    open_files_requested = Signal()
    recent_chosen = Signal(object)
    recents_cleared = Signal()
    next_case_requested = Signal()
    close_requested = Signal()
    identity_visibility_changed = Signal(bool)
    paths_dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._identity: str | None = None
        self._recent_cases: tuple[tuple[str, object], ...] = ()
        self._title = ThemedLabel()
        self._title.setAccessibleName("Patient")
        self._hide = QPushButton("Hide")
        self._hide.setCheckable(True)
        self._hide.setAccessibleName("Hide the identity")
        self._hide.setToolTip("Hide the patient's name, ID and birth date, and the names of files")
        self._hide.toggled.connect(self._hide_identity)
        self._doubt = NoteLine("caution", Mark.TRIANGLE)
        self._recent_menu = QMenu(self)
        self._recent = self._button("&Recent", "Cases opened before")
        self._recent.setMenu(self._recent_menu)
        self._next = self._button("&Next case", "Open the next case of the folder", self.next_case_requested)
        self._close = self._button("&Close", "Close the case", self.close_requested)
        self._arrange()
        PathDrop(self).paths_dropped.connect(self.paths_dropped)
        self.show_recent([])
        self.show_nothing()

    @property
    def identity_hidden(self) -> bool:
        """True while the identity is not to be seen."""
        return bool(self._hide.isChecked())

    def show_nothing(self) -> None:
        """No case is open."""
        self._identity = None
        self._show()
        self._close.setEnabled(False)
        self.set_next_case(False)

    def show_case(self, identity: str, unverified_scans: int = 0) -> None:
        """A case is open.

        Args:
            identity: Name, ID and birth date in one line; empty if no scan names the patient.
            unverified_scans: Scans beside these that name nobody.
        """
        self._identity = identity
        self._show(unverified_scans)
        self._close.setEnabled(True)

    def set_next_case(self, available: bool, tooltip: str = "") -> None:
        """Say whether the folder has a next case, and which, as "case 4 of 60"."""
        self._next.setEnabled(available)
        none = "There is no next case: open a folder that holds several"
        self._next.setToolTip(tooltip or ("Open the next case of the folder" if available else none))

    def show_recent(self, cases: Sequence[tuple[str, object]]) -> None:
        """Fill the menu of cases opened before with (text, what `recent_chosen` gives back)."""
        self._recent_cases = tuple(cases)
        self._fill_recent()

    def set_identity_hidden(self, hidden: bool) -> None:
        """Hide or show the identity."""
        self._hide.setChecked(hidden)

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._hide, 0, Qt.AlignmentFlag.AlignTop)
        buttons = QFlowLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setHorizontalSpacing(4)
        buttons.setVerticalSpacing(4)
        folder = self._button("&Open folder...", "Open a folder as one case", self.open_folder_requested)
        files = self._button("F&iles...", "Open files as one case", self.open_files_requested)
        for button in (folder, files, self._recent, self._next, self._close):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self._doubt)
        layout.addLayout(buttons)

    def _button(self, text: str, tooltip: str, signal: Signal | None = None) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setAccessibleName(text.replace("&", ""))
        if signal is not None:
            button.clicked.connect(lambda _checked=False: signal.emit())
        return button

    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        for number, (text, value) in enumerate(self._recent_cases, start=1):
            shown = f"Case {number} (name hidden)" if self.identity_hidden else one_line(text).replace("&", "&&")
            action = self._recent_menu.addAction(shown)
            action.triggered.connect(lambda _checked=False, value=value: self.recent_chosen.emit(value))
        if self._recent_cases:
            self._recent_menu.addSeparator()
            clear = self._recent_menu.addAction("Clear this list")
            clear.triggered.connect(lambda _checked=False: self.recents_cleared.emit())
        self._recent.setEnabled(bool(self._recent_cases))

    def _hide_identity(self, hidden: bool) -> None:
        self._hide.setText("Show" if hidden else "Hide")
        self._show()
        self._fill_recent()
        self.identity_visibility_changed.emit(not hidden)

    def _show(self, unverified_scans: int | None = None) -> None:
        named = bool(self._identity)
        # Names of files can be hidden where no scan names the patient.
        self._hide.setVisible(self._identity is not None)
        if self._identity is None:
            self._title.setText(NO_CASE)
        elif not named:
            self._title.setText("Patient not named")
        else:
            self._title.setText("Patient hidden" if self.identity_hidden else self._identity)
        if unverified_scans is not None or self._identity is None:
            self._doubt.show_text(_doubt(self._identity, unverified_scans or 0))


def _doubt(identity: str | None, unverified_scans: int) -> str:
    if identity is None:
        return ""
    if not identity:
        return f"{UNVERIFIED}: no file says whose scans these are"
    if unverified_scans:
        if unverified_scans == 1:
            return f"{UNVERIFIED}: 1 scan names nobody; make sure that it belongs here"
        return f"{UNVERIFIED}: {unverified_scans} scans name nobody; make sure that they belong here"
    return ""
