"""The lines that stand in the panel for good: the state of the engine, the model, and that it is for research only."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.diagnosis_export import RESEARCH_USE
from napari_raddiag.data_models.engine_state import NOT_STARTED, EngineKind, EngineState
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.themed_label import MarkView, Role, ThemedLabel

MARKS: dict[EngineKind, tuple[Mark, Role]] = {
    EngineKind.STARTING: (Mark.RING, "muted"),
    EngineKind.READY: (Mark.DOT, "good"),
    EngineKind.BUSY: (Mark.HALF, "caution"),
    EngineKind.DOWN: (Mark.CROSS, "error"),
}
LONGEST_NAME = 16


class EngineStatus(QWidget):
    """A sign and words for the state; restart and report are in its menu, and plainly there while it is down."""

    restart_requested = Signal()
    report_requested = Signal()
    card_requested = Signal()
    shortcuts_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._mark = MarkView()
        self._line = ThemedLabel()
        self._line.setAccessibleName("State of the engine")
        self._menu_button = QPushButton("Engine")
        self._menu_button.setToolTip("Restart the engine, copy a report, read about the model, list the keys")
        self._menu_button.setAccessibleName("Engine menu")
        self._menu_button.setMenu(self._menu())
        self._restart = QPushButton("Restart en&gine")
        self._restart.setToolTip("Start the engine again; the case stays open")
        self._report = QPushButton("Copy report")
        self._report.setToolTip("Copy versions, device and cause, without patient data")
        for button, signal in ((self._restart, self.restart_requested), (self._report, self.report_requested)):
            button.setAccessibleName(button.text().replace("&", ""))
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
        self._model = QPushButton("No model")
        self._model.setFlat(True)
        self._model.clicked.connect(lambda _checked=False: self.card_requested.emit())
        self._research = ThemedLabel("muted")
        self._research.setText(RESEARCH_USE)
        self._arrange()
        self.show_state(NOT_STARTED)
        self.show_model("")

    @property
    def text(self) -> str:
        """The line on the engine as it stands."""
        return str(self._line.text())

    def show_state(self, state: EngineState) -> None:
        """Say how the engine is."""
        self._mark.set_mark(*MARKS[state.kind])
        self._line.setText(f"Engine {state.line}")
        self._line.set_role("error" if state.kind is EngineKind.DOWN else "text")
        tooltip = f"{state.line}\n{state.detail}" if state.detail else state.line
        self._mark.setToolTip(tooltip)
        self._line.setToolTip(tooltip)
        down = state.kind is EngineKind.DOWN
        self._restart.setVisible(down)
        self._report.setVisible(down)

    def show_model(self, name: str) -> None:
        """Name the model; empty while none is known."""
        short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}..."
        self._model.setText(f"Model {short}".replace("&", "&&") if name else "")
        self._model.setAccessibleName(f"About model {name}")
        self._model.setToolTip(f"Model {name}: what it is for and not for, and what it learned from")
        self._model.setVisible(bool(name))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        entries = (
            ("Restart engine", self.restart_requested),
            ("Copy report", self.report_requested),
            ("About the model...", self.card_requested),
            ("Keys...", self.shortcuts_requested),
        )
        for text, signal in entries:
            menu.addAction(text).triggered.connect(lambda _checked=False, signal=signal: signal.emit())
        return menu

    def _arrange(self) -> None:
        top, remedies, bottom, said = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        # The first line of the text stands beside the sign and the button's word, however many lines there are.
        above = max(self._menu_button.sizeHint().height() - self._mark.sizeHint().height(), 0) // 2
        self._line.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        said.setContentsMargins(0, above, 0, 0)
        said.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self._line, 1)
        top.addLayout(said, 1)
        top.addWidget(self._menu_button, 0, Qt.AlignmentFlag.AlignTop)
        remedies.addWidget(self._restart)
        remedies.addWidget(self._report)
        remedies.addStretch(1)
        bottom.addWidget(self._research, 1)
        bottom.addWidget(self._model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        said.setSpacing(5)
        for row in (top, remedies, bottom):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(5)
            layout.addLayout(row)

    def minimumSizeHint(self) -> QSize:
        """May be as narrow as its panel: the lines wrap."""
        return QSize(0, super().minimumSizeHint().height())
