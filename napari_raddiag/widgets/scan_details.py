"""Everything about one scan that its row has no room for, and what can be done with it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_raddiag.data_models.scan_facts import ScanFacts
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.themed_label import NoteLine, ThemedLabel


class ScanDetails(QWidget):
    """Doubts in full, files, the network's view, and the question before a scan is used against advice."""

    overrule_confirmed = Signal(str)
    network_view_toggled = Signal(str, bool)
    correction_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._facts: ScanFacts | None = None
        self._identity_hidden = False
        self._question = NoteLine("caution", Mark.TRIANGLE)
        self._yes = QPushButton("&Use it all the same")
        self._yes.setToolTip("The result will say that this scan was used by choice")
        self._yes.clicked.connect(lambda _checked=False: self._overrule())
        self._no = QPushButton("Leave it out")
        self._no.setToolTip("Keep this scan out of the diagnosis")
        self._no.clicked.connect(lambda _checked=False: self.ask_to_overrule(False))
        self._doubts = NoteLine("caution", Mark.TRIANGLE)
        self._saw = ThemedLabel("muted")
        self._files = ThemedLabel("muted")
        self._correct = QPushButton("Say what this scan is...")
        self._correct.setToolTip("Correct the modality and the body region")
        self._correct.clicked.connect(lambda _checked=False: self._ask_correction())
        self._view = QPushButton("Networ&k's view")
        self._view.setCheckable(True)
        self._view.setToolTip("Show exactly what the network sees of this scan, in its window and resolution")
        self._view.clicked.connect(self._toggle_view)
        self._arrange()
        self.show_facts(None)

    @property
    def is_asking(self) -> bool:
        """True while it waits for an answer on a scan that should not be used."""
        return not self._yes.isHidden()

    def show_facts(self, facts: ScanFacts | None, network_sentence: str = "") -> None:
        """Show one scan; None for none.

        Args:
            facts: Of the scan.
            network_sentence: "The network saw 24 slices", or will see; empty if it is not known.
        """
        if facts is None or self._facts is None or facts.scan_id != self._facts.scan_id or facts.used:
            self.ask_to_overrule(False)
        self._facts = facts
        self.setVisible(facts is not None)
        if facts is None:
            return
        reason = f"{'Used by choice although: ' if facts.overridden else 'Not used: '}{facts.reason}"
        doubts = ([reason] if facts.reason else []) + list(facts.warnings)
        self._doubts.show_text("\n".join(doubts))
        self._saw.setText(network_sentence)
        self._saw.setVisible(bool(network_sentence))
        self._show_files()

    def ask_to_overrule(self, asking: bool) -> None:
        """Ask in place whether an unusable scan is to be used, or stop asking."""
        for widget in (self._yes, self._no):
            widget.setVisible(asking)
        text = f"This scan should not be used: {self._facts.reason}." if asking and self._facts else ""
        self._question.show_text(text)
        if asking:
            self._no.setFocus()

    def set_network_view(self, shown: bool) -> None:
        """Say whether the canvas shows what the network sees."""
        self._view.setChecked(shown)

    def set_identity_hidden(self, hidden: bool) -> None:
        """Hide or show file names, which may hold a patient's name."""
        self._identity_hidden = hidden
        self._show_files()

    def _arrange(self) -> None:
        answers, actions = QFlowLayout(), QFlowLayout()
        for flow, buttons in ((answers, (self._yes, self._no)), (actions, (self._view, self._correct))):
            flow.setContentsMargins(0, 0, 0, 0)
            flow.setHorizontalSpacing(4)
            for button in buttons:
                button.setAccessibleName(button.text().replace("&", ""))
                flow.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._question)
        layout.addLayout(answers)
        for widget in (self._doubts, self._saw, self._files):
            layout.addWidget(widget)
        layout.addLayout(actions)

    def _show_files(self) -> None:
        files = self._facts.files if self._facts and not self._identity_hidden else ""
        self._files.setText(f"From {files}" if files else "")
        self._files.setVisible(bool(files))

    def _overrule(self) -> None:
        self.ask_to_overrule(False)
        if self._facts is not None:
            self.overrule_confirmed.emit(self._facts.scan_id)

    def _ask_correction(self) -> None:
        if self._facts is not None:
            self.correction_requested.emit(self._facts.scan_id)

    def _toggle_view(self, shown: bool) -> None:
        if self._facts is not None:
            self.network_view_toggled.emit(self._facts.scan_id, shown)
