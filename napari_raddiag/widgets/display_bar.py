"""How the scan in view is displayed: window, plane, side by side, tools; changes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_raddiag.widgets.choice_list import ChoiceList
from napari_raddiag.widgets.quiet_wheel import QuietWheel
from raddiag_engine.cases import Window

PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class DisplayChoices:
    """What can be done with the scan in view.

    Attributes:
        windows: (name, window) that its file and the presets for its modality offer, the file's own first.
        planes: Of `PLANES`, those that can be shown; empty if its position in the patient is not known.
        plane: The one shown; empty if it is none of these.
        no_ruler: Why lengths cannot be measured; empty if they can.
        no_crosshair: Why no crosshair is offered; empty if it is.
        is_cine: True if it can be played.
        several: True if there is another scan to stand beside it.
    """

    windows: tuple[tuple[str, Window], ...] = ()
    planes: tuple[str, ...] = ()
    plane: str = ""
    no_ruler: str = ""
    no_crosshair: str = ""
    is_cine: bool = False
    several: bool = False


class DisplayBar(QWidget):
    """Rows for the window, for what is shown where, and for tools; not there without a scan.

    Signals:
        window_chosen: A `Window` for the display.
        network_window_requested: Let the network see the scan in view through the window on the screen.
        plane_chosen: One of `PLANES`.
        grid_toggled, crosshair_toggled, ruler_toggled, cine_toggled, model_toggled: On or off.
        focus_released: The list of windows is done with: the focus may go to the image.
    """

    window_chosen = Signal(object)
    network_window_requested = Signal(bool)
    plane_chosen = Signal(str)
    grid_toggled = Signal(bool)
    crosshair_toggled = Signal(bool)
    ruler_toggled = Signal(bool)
    cine_toggled = Signal(bool)
    model_toggled = Signal(bool)
    focus_released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._windows = ChoiceList()
        self._windows.focus_released.connect(self.focus_released)
        self._windows.setAccessibleName("Window preset")
        self._windows.setToolTip("Window of the display; drag with the right mouse button to set it freely")
        self._windows.activated.connect(self._choose_window)
        QuietWheel(self._windows)
        self._network = _toggle("Use for network", "Let the network see this scan through the window on the screen")
        self._network.clicked.connect(self.network_window_requested)
        self._planes = {name: _toggle(name.capitalize(), f"Show the {name} plane") for name in PLANES}
        for name, button in self._planes.items():
            button.clicked.connect(lambda _checked, name=name: self._choose_plane(name))
        self._grid = _toggle("Side by side", "All scans beside each other")
        self._crosshair = _toggle("Crosshair", "")
        self._ruler = _toggle("Ruler", "")
        self._cine = _toggle("Play", "Play the cine loop")
        self._model = _toggle("Hide model", "Hide everything that the model added")
        for button, signal in (
            (self._grid, self.grid_toggled),
            (self._crosshair, self.crosshair_toggled),
            (self._ruler, self.ruler_toggled),
            (self._cine, self.cine_toggled),
            (self._model, self.model_toggled),
        ):
            button.clicked.connect(signal)
        self._offered: tuple[Window, ...] = ()
        self._arrange()
        self.show_choices(None)

    def show_choices(self, choices: DisplayChoices | None) -> None:
        """Offer what the scan in view allows; None for no scan."""
        self.setVisible(choices is not None)
        choices = choices or DisplayChoices()
        self._offered = tuple(window for _, window in choices.windows)
        self._windows.clear()
        self._windows.addItem("as set by hand")
        self._windows.addItems([f"{name}  {w.center:g}/{w.width:g}" for name, w in choices.windows])
        self._windows.setEnabled(bool(choices.windows))
        for name, button in self._planes.items():
            button.setEnabled(name in choices.planes)
            button.setChecked(name == choices.plane)
        self._grid.setEnabled(choices.several)
        self._offer(self._crosshair, choices.no_crosshair, "Lines through the same place in all scans of one space")
        self._offer(self._ruler, choices.no_ruler, "Measure: press and drag on the image")
        self._cine.setVisible(choices.is_cine)

    def show_window(self, window: Window | None) -> None:
        """Name the window in use if it is one of those offered; emits nothing."""
        rows = (row for row, offered in enumerate(self._offered, start=1) if window and _is_same(offered, window))
        self._windows.setCurrentIndex(next(rows, 0))

    def set_plane(self, plane: str) -> None:
        """The plane shown; empty for another."""
        for name, button in self._planes.items():
            button.setChecked(name == plane)

    def set_network_window(self, given: bool) -> None:
        """True if the network sees the scan in view through a window that the reader gave it."""
        self._network.setChecked(given)

    def set_tools(self, **on: bool) -> None:
        """Show tools as on or off without asking for them: grid, crosshair, ruler, cine, model."""
        for name, state in on.items():
            getattr(self, f"_{name}").setChecked(state)

    def _offer(self, button: QPushButton, why_not: str, tooltip: str) -> None:
        button.setEnabled(not why_not)
        button.setToolTip(why_not or tooltip)
        if why_not:
            button.setChecked(False)

    def _choose_window(self, index: int) -> None:
        if index > 0:
            self.window_chosen.emit(self._offered[index - 1])

    def _choose_plane(self, plane: str) -> None:
        self.set_plane(plane)
        self.plane_chosen.emit(plane)

    def _arrange(self) -> None:
        first = QHBoxLayout()
        first.addWidget(QLabel("Window"))
        first.addWidget(self._windows, 1)
        first.addWidget(self._network)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(first)
        arrangement: Sequence[QPushButton] = (*self._planes.values(), self._grid)
        tools = (self._crosshair, self._ruler, self._cine, self._model)
        for buttons in (arrangement, tools):
            row = QFlowLayout()
            row.setContentsMargins(0, 0, 0, 0)
            row.setHorizontalSpacing(4)
            row.setVerticalSpacing(4)
            for button in buttons:
                row.addWidget(button)
            layout.addLayout(row)


def _is_same(offered: Window, shown: Window) -> bool:
    return offered.function == shown.function and (
        isclose(offered.center, shown.center, abs_tol=1e-6) and isclose(offered.width, shown.width)
    )


def _toggle(text: str, tooltip: str) -> QPushButton:
    button = QPushButton()
    button.setText(text)
    button.setCheckable(True)
    button.setToolTip(tooltip)
    return button
