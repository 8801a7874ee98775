"""What each scan adds to a disorder's score, as bars to the right (for) and to the left (against)."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Signal
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_raddiag.data_models.evidence_state import ScanEvidence
from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.themed_label import ThemedLabel

MEANING = (
    "How far the score's logit falls if this scan is left out: to the right the scan speaks for the disorder, to the "
    "left against it"
)


class SignedBar(QWidget):
    """Bars from the middle, one above the other; their numbers stand beside, so that colour says nothing alone."""

    def __init__(self) -> None:
        super().__init__()
        self._values: tuple[float, ...] = ()
        self._largest = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(MEANING)

    def show_values(self, values: tuple[float, ...], largest: float) -> None:
        """Draw `values`, where `largest` takes half the width."""
        self._values, self._largest = values, largest
        self.update()

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        height = self.fontMetrics().height()
        return QSize(5 * height, height)

    def paintEvent(self, event: QEvent) -> None:
        """Draw the middle line and the bars."""
        if not self._values:
            return
        painter = QPainter(self)
        colours = colours_of(self.palette())
        middle, half = self.width() / 2, self.width() / 2 - 2
        height = self.height() * 0.7 / len(self._values)
        top = self.height() * 0.15
        for number, value in enumerate(self._values):
            length = half * min(abs(value) / self._largest, 1.0) if self._largest else 0.0
            bar = QRectF(middle if value >= 0 else middle - length, top + number * height, length, height - 1)
            painter.fillRect(bar, QColor(colours.positive if value >= 0 else colours.against))
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.drawLine(QPointF(middle, 0), QPointF(middle, self.height()))
        painter.end()


class ContributionRow:
    """The widgets of one scan: its name, which shows the scan when pressed, bars and numbers."""

    def __init__(self) -> None:
        self.name = QPushButton()
        self.name.setFlat(True)
        self.name.setStyleSheet("text-align: left; background: transparent;")
        self.name.setToolTip(f"Show this scan. {MEANING}")
        self.bar = SignedBar()
        self.number = ThemedLabel("muted")
        self.number.setWordWrap(False)
        self.number.setToolTip(MEANING)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """From left to right."""
        return self.name, self.bar, self.number

    def show_scan(self, scan: ScanEvidence, largest: float, *, active: bool) -> None:
        """Show what the scan adds, on the scale of the largest contribution in the case."""
        values = values_of(scan)
        text = " / ".join(f"{value:+.1f}" for value in values)
        text = f"{text} (dark)".strip() if scan.dark else text
        self.name.setText(("▸ " if active else "") + scan.name.replace("&", "&&"))
        self.name.setAccessibleName(f"{scan.name}{', shown' if active else ''}, contribution {text or 'not known'}")
        self.bar.show_values(values, largest)
        self.number.setText(text)


class ContributionBars(QWidget):
    """One row a scan."""

    scan_activated = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, ContributionRow] = {}

    @property
    def rows(self) -> dict[str, ContributionRow]:
        """Scan id -> its row."""
        return self._rows

    def show_scans(self, scans: Sequence[ScanEvidence], active_scan: str) -> None:
        """Show what each scan adds, in the order of the case; the one on the canvas is marked."""
        if list(self._rows) != [scan.scan_id for scan in scans]:
            self._rebuild(scans)
        largest = max((abs(value) for scan in scans for value in values_of(scan)), default=0.0)
        for scan in scans:
            self._rows[scan.scan_id].show_scan(scan, largest, active=scan.scan_id == active_scan)

    def _rebuild(self, scans: Sequence[ScanEvidence]) -> None:
        for row in self._rows.values():
            for widget in row.widgets:
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        self._rows = {scan.scan_id: ContributionRow() for scan in scans}
        for number, (scan_id, row) in enumerate(self._rows.items()):
            for column, widget in enumerate(row.widgets):
                self._grid.addWidget(widget, number, column)
            row.name.clicked.connect(lambda _checked=False, scan_id=scan_id: self.scan_activated.emit(scan_id))


def values_of(scan: ScanEvidence) -> tuple[float, ...]:
    """Its contributions to the disorder and to the one compared with, as far as they are known."""
    values = (scan.contribution, scan.compared_contribution)
    return tuple(value for value in values if value is not None)
