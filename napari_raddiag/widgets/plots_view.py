"""The plots of a diagnosis in a Qt canvas; to be made when they are first looked at: matplotlib loads slowly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.diagnosis_export import RESEARCH_USE
from napari_raddiag.widgets.colours import Colours, colours_of
from napari_raddiag.widgets.diagnosis_plots import draw_all
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.save_dialog import ask_where
from napari_raddiag.widgets.themed_label import NoteLine
from raddiag_engine.atomic import atomic_path
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore
from raddiag_engine.failure_line import failure_line

HEIGHT_LINES = 34
STALE = "The case changed: diagnose again."
REPLACED = "not saved, as the diagnosis changed while the file was being named; save again"


class PlotsView(QWidget):
    """Follows the theme; a stale diagnosis is not plotted."""

    message = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        self._diagnosis: Diagnosis | None = None
        self._chosen = ""
        self._scan_names: dict[str, str] = {}
        self._given_colours: Colours | None = None
        self._drawn_in: Colours | None = None
        self.figure = Figure(layout="constrained")
        self.canvas: Any = FigureCanvasQTAgg(self.figure)
        self.canvas.setMinimumHeight(HEIGHT_LINES * self.fontMetrics().height())
        self.canvas.setAccessibleName("Plots of the diagnosis: scores, contributions, histogram")
        # The canvas takes the wheel and would keep the panel from scrolling.
        self.canvas.wheelEvent = lambda event: event.ignore()
        self.stale_line = NoteLine("caution", Mark.TRIANGLE)
        self.save_button = QPushButton("Save PNG...")
        self.save_button.setAccessibleName("Save the plots as PNG")
        self.save_button.clicked.connect(lambda _checked=False: self._ask_where())
        bottom = QHBoxLayout()
        bottom.addStretch(1)
        bottom.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stale_line)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(bottom)
        self.show_diagnosis(None, {})

    def show_diagnosis(self, diagnosis: Diagnosis | None, scan_names: Mapping[str, str]) -> None:
        """Plot a diagnosis of the case as it stands; None for none.

        Args:
            diagnosis: With all disorders, or the histogram says that it shows some.
            scan_names: Scan id -> name, in the order of the case.
        """
        same = diagnosis is self._diagnosis and dict(scan_names) == self._scan_names
        self._diagnosis, self._scan_names = diagnosis, dict(scan_names)
        self.stale_line.show_text("")
        self.save_button.setEnabled(diagnosis is not None)
        self.save_button.setToolTip("Save the plots" if diagnosis else "No diagnosis to plot")
        self.canvas.setVisible(diagnosis is not None)
        if not same or self._drawn_in != self._colours:
            self._draw()

    def set_chosen(self, disorder: str) -> None:
        """Plot the contributions to this disorder; empty for the first one. What is plotted already costs nothing."""
        plotted = self._score()
        self._chosen = disorder
        if self._score() is not plotted:
            self._draw()

    def set_stale(self, stale: bool) -> None:
        """Take the plots away while they are of another case than the one on the screen."""
        self.canvas.setVisible(not stale)
        self.save_button.setEnabled(not stale and self._diagnosis is not None)
        self.stale_line.show_text(STALE if stale else "")

    def set_colours(self, colours: Colours | None) -> None:
        """Draw in these colours; None follows the palette."""
        self._given_colours = colours
        self._draw()

    def save_png(self, path: Path) -> None:
        """Write the plots to `path`, whole or not at all, with the model and the research-use statement below."""
        if self._diagnosis is None or not self.save_button.isEnabled():
            self.message.emit("nothing to save")
            return
        diagnosis = self._diagnosis
        caption = (
            f"case {diagnosis.case_hash[:12]}, model {diagnosis.model_name} {diagnosis.model_sha256[:12]}, "
            f"{diagnosis.device}. {RESEARCH_USE}"
        )
        caption_text = self.figure.supxlabel(caption, fontsize="x-small", color=self._colours.muted)
        try:
            with atomic_path(path) as temporary:
                self.figure.savefig(temporary, format="png", dpi=150, facecolor=self.figure.get_facecolor())
        except OSError as error:
            self.message.emit(failure_line(error) or f"{path}: not saved")
            return
        finally:
            caption_text.set_text("")
        self.message.emit(f"saved {path}")

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: the plots are drawn anew."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and self._colours != self._drawn_in:
            self._draw()

    def showEvent(self, event: QEvent) -> None:
        """The style sheet of the window reaches a widget when it is first shown."""
        super().showEvent(event)
        if self._colours != self._drawn_in:
            self._draw()

    @property
    def _colours(self) -> Colours:
        return self._given_colours or colours_of(self.palette())

    def _score(self) -> DisorderScore | None:
        if self._diagnosis is None:
            return None
        scores = (*self._diagnosis.disorders, *([self._diagnosis.normal] if self._diagnosis.normal else []))
        return next((score for score in scores if score.name == self._chosen), scores[0] if scores else None)

    def _draw(self) -> None:
        self._drawn_in = self._colours
        draw_all(self.figure, self._diagnosis, self._score(), self._scan_names, self._colours)
        self.canvas.draw_idle()

    def _ask_where(self) -> None:
        asked_for = self._diagnosis
        if asked_for is None:
            return
        name = f"{asked_for.case_id}.png"
        path = ask_where(self, "Save the plots", name, "PNG", ".png")
        if path is None:
            return
        if asked_for is not self._diagnosis:
            # A diagnosis may arrive while the dialog is open; the file would have the name of the one before.
            self.message.emit(REPLACED)
            return
        self.save_png(path)
