"""Where the evidence for a disorder lies: in words, with the switches of the overlay. Touches no layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from napari_raddiag.data_models.asked_disorder import NEVER_LEARNED
from napari_raddiag.data_models.evidence_state import METHOD_NAMES, EvidenceState, label_of
from napari_raddiag.widgets.choice_list import ChoiceList
from napari_raddiag.widgets.colour_bar import ColourBar
from napari_raddiag.widgets.contribution_bars import ContributionBars
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.quiet_wheel import QuietWheel
from napari_raddiag.widgets.themed_label import NoteLine, ThemedLabel
from raddiag_engine.saliency.methods import METHODS, Method

NOTHING = "Click a disorder to see where its evidence lies."
HIDE_TOOLTIP = "Take the overlay off the images"
NO_COMPARISON = "nothing"
NO_BREAK = "\u00a0"
METHOD_TOOLTIPS: dict[Method, str] = {
    "gradcam": "Fast; coarse cells of the last feature map",
    "guided_gradcam": "Grad-CAM with the fine detail of the gradients; can show edges that explain nothing",
    "respondcam": "Grad-CAM weighted for volumes, so that the map adds up to the score",
    "integrated_gradients": "Voxel by voxel; slow and noisy",
    "occlusion": "Covers the scan part by part; slowest, and asks the network itself",
}


class EvidenceView(QWidget):
    """Shows one `EvidenceState`, or what is being computed, or that nothing is chosen."""

    method_chosen = Signal(str)
    opacity_changed = Signal(float)
    peak_requested = Signal(int)
    """+1 for the next peak, -1 for the previous one."""
    scan_activated = Signal(str)
    compare_chosen = Signal(str)
    """Name of the second disorder; empty for none."""
    hide_requested = Signal()
    focus_released = Signal()
    """A list or the slider is done with: the focus may go to the image."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ThemedLabel(bold=True)
        self.label = NoteLine("caution", Mark.TRIANGLE)
        self.busy = ThemedLabel("muted")
        self.method = ChoiceList()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity_text = ThemedLabel("muted")
        self.bar, self.compared_bar = ColourBar(), ColourBar()
        self.peak_text = ThemedLabel()
        self.previous, self.next = QPushButton("Previous"), QPushButton("Ne&xt peak")
        self.bars = ContributionBars()
        self.compare = ChoiceList()
        self.compared_label = NoteLine("caution", Mark.TRIANGLE)
        self.hide_button = QPushButton("Hid&e evidence")
        self._body = QWidget()
        self._offered: tuple[str, ...] | None = None
        self._rows: dict[str, int] = {}
        self._shown_row = 0
        # What stands beside the method, which can be chosen at any time: another one may work where one failed.
        self._of_evidence: list[QWidget] = []
        self._set_up()
        self._arrange()
        self.show_nothing()

    def show_nothing(self, text: str = NOTHING) -> None:
        """No disorder is chosen, or why its evidence cannot be shown."""
        self.title.setText("")
        self.title.setVisible(False)
        self.label.show_text("")
        self._say_busy(text)
        self._show_body(False)

    def show_computing(self, disorder: str, text: str = "computing the evidence...") -> None:
        """The maps of a disorder are being computed."""
        self.title.setText(disorder)
        self.title.setVisible(True)
        self.label.show_text("")
        self._say_busy(text)
        self._show_body(False)
        self.hide_button.setText("Canc&el")
        self.hide_button.setToolTip("Stop computing the evidence")
        self.hide_button.setVisible(True)

    def say_progress(self, text: str) -> None:
        """How far it is, while it is computed."""
        self._say_busy(text)

    def show_evidence(self, state: EvidenceState) -> None:
        """Show the evidence for a disorder."""
        self.title.setText(state.disorder)
        self.title.setVisible(True)
        self.label.show_text(_caution(state.disorder, NEVER_LEARNED if state.unseen else label_of(state.state)))
        self._say_busy("")
        self._show_body(True)
        self.set_method(state.method)
        self.bar.show_colours(state.colours, state.disorder if state.compared_with else "")
        self.compared_bar.show_colours(state.compared_colours if state.compared_with else (), state.compared_with)
        compared_caution = label_of(state.compared_state) if state.compared_with else ""
        self.compared_label.show_text(_caution(state.compared_with, compared_caution))
        self._select_compared(state.compared_with)
        self._bar_from_comparison(state.disorder)
        self._show_peak(state)
        self.bars.show_scans(state.scans, state.active_scan)

    def show_comparable(self, disorders: Sequence[str]) -> None:
        """Offer disorders to compare with, by rank; the one chosen stays if it is among them.

        The disorder whose evidence is shown may be among them: it cannot be chosen. The same disorders as before cost
        nothing, thousands of new ones some milliseconds; so give all of a diagnosis, and not others for each disorder.
        """
        offered = tuple(disorders)
        if offered == self._offered:
            return
        chosen = self._compared
        self._offered, self._shown_row = offered, 0
        self.compare.clear()
        self.compare.addItems([NO_COMPARISON, *offered])
        self._rows = {name: row for row, name in enumerate(offered, start=1)}
        self._select_compared(chosen if chosen in self._rows else "")

    def set_method(self, method: Method) -> None:
        """Show which method is in use, also while there is no evidence; emits nothing."""
        self.method.setCurrentIndex(self.method.findData(method))

    def set_opacity(self, opacity: float) -> None:
        """Set the slider, 0 to 1; emits nothing."""
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(100 * opacity))
        self.opacity.blockSignals(False)
        self.opacity_text.setText(f"{self.opacity.value()} %")

    def _set_up(self) -> None:
        for method in METHODS:
            self.method.addItem(METHOD_NAMES[method], method)
            row = self.method.count() - 1
            self.method.setItemData(row, METHOD_TOOLTIPS[method], Qt.ItemDataRole.ToolTipRole)
        self.opacity.setRange(0, 100)
        self.set_opacity(0.45)
        narrow = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        for combo in (self.method, self.compare):
            combo.setSizeAdjustPolicy(narrow)
            combo.setMinimumContentsLength(8)
        described: tuple[tuple[QWidget, str, str], ...] = (
            (self.method, "Method of the evidence", "How the evidence is computed; each asks the network differently"),
            (self.opacity, "Opacity of the evidence", "How strongly the evidence covers the image"),
            (self.previous, "Previous peak", "Go to the stronger peak before this one"),
            (self.next, "Next peak", "Go to the next weaker peak, in any scan"),
            (self.compare, "Compare with", "Show the evidence for a second disorder in other colours"),
            (self.hide_button, "Hide evidence", HIDE_TOOLTIP),
        )
        for widget, name, tooltip in described:
            widget.setAccessibleName(name)
            widget.setToolTip(tooltip)
        self.method.activated.connect(lambda _row: self.method_chosen.emit(self.method.currentData()))
        self.opacity.valueChanged.connect(self._opacity_moved)
        self.previous.clicked.connect(lambda _checked=False: self.peak_requested.emit(-1))
        self.next.clicked.connect(lambda _checked=False: self.peak_requested.emit(1))
        self.compare.activated.connect(lambda _row: self.compare_chosen.emit(self._compared))
        self.hide_button.clicked.connect(lambda _checked=False: self.hide_requested.emit())
        self.bars.scan_activated.connect(self.scan_activated)
        for choice in (self.method, self.compare):
            choice.focus_released.connect(self.focus_released)
        self.opacity.sliderReleased.connect(self.focus_released)
        QuietWheel(self.method, self.opacity, self.compare)
        self.show_comparable(())

    def _arrange(self) -> None:
        peak = QHBoxLayout()
        peak.addWidget(self.peak_text, 1)
        peak.addWidget(self.previous)
        peak.addWidget(self.next)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        rows = (
            ("&Method", self.method, None),
            ("Opacit&y", self.opacity, self.opacity_text),
            ("Compare", self.compare, None),
        )
        for row, (text, widget, extra) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if extra else 2)
            if extra is not None:
                extra.setWordWrap(False)
                grid.addWidget(extra, row, 2)
            if widget is not self.method:
                self._of_evidence += [label, widget, *([extra] if extra else [])]
        self._of_evidence.append(self.hide_button)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(4)
        for part in (peak, self.bar, self.compared_bar, self.compared_label, self.bars):
            if isinstance(part, QWidget):
                body.addWidget(part)
            else:
                body.addLayout(part)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.label)
        layout.addWidget(self.busy)
        layout.addWidget(self._body)
        layout.addLayout(grid)
        layout.addWidget(self.hide_button, 0, Qt.AlignmentFlag.AlignRight)

    def _show_peak(self, state: EvidenceState) -> None:
        peak = state.peak
        if peak is None:
            self.peak_text.setText("No evidence in any scan.")
        else:
            # The first is the strongest, whatever the steps between the map's cells took from it.
            weaker = peak.number > 1 and peak.share < 0.995
            share = f", {100 * peak.share:.0f}{NO_BREAK}% of the strongest" if weaker else ""
            self.peak_text.setText(f"Peak {peak.number} of {peak.count}: {peak.text}{share}")
        self.previous.setEnabled(peak is not None and peak.number > 1)
        self.next.setEnabled(peak is not None and peak.number < peak.count)

    @property
    def _compared(self) -> str:
        row = self.compare.currentIndex()
        return self.compare.itemText(row) if row > 0 else ""

    def _select_compared(self, name: str) -> None:
        if name and name not in self._rows:
            self._rows[name] = self.compare.count()
            self.compare.addItem(name)
        self.compare.setCurrentIndex(self._rows[name] if name else 0)

    def _bar_from_comparison(self, disorder: str) -> None:
        """Nothing is compared with itself: the row of the disorder shown cannot be chosen, that of the last one can."""
        rows: Any = self.compare.model()
        for row, choosable in ((self._shown_row, True), (self._rows.get(disorder, 0), False)):
            if row:
                rows.item(row).setEnabled(choosable)
        self._shown_row = self._rows.get(disorder, 0)

    def _show_body(self, shown: bool) -> None:
        for widget in (self._body, *self._of_evidence):
            widget.setVisible(shown)
        self.hide_button.setText("Hid&e evidence")
        self.hide_button.setToolTip(HIDE_TOOLTIP)

    def _opacity_moved(self, percent: int) -> None:
        self.opacity_text.setText(f"{percent} %")
        self.opacity_changed.emit(percent / 100)

    def _say_busy(self, text: str) -> None:
        self.busy.setText(text)
        self.busy.setVisible(bool(text))


def _caution(disorder: str, label: str) -> str:
    return f"{disorder} is {label}. What is shown is no finding." if label else ""
