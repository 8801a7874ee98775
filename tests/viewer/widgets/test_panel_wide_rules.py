"""What holds for all views together: keys, names for screen readers, tooltips, themes, speed of import."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QSlider, QTableView, QWidget

from napari_raddiag.data_models.evidence_state import EvidenceState
from napari_raddiag.widgets.case_view import CaseView
from napari_raddiag.widgets.colours import colours_from, colours_of
from napari_raddiag.widgets.diagnose_bar import DiagnoseBar
from napari_raddiag.widgets.disorders_view import DisordersView
from napari_raddiag.widgets.engine_status import EngineStatus
from napari_raddiag.widgets.evidence_view import EvidenceView
from napari_raddiag.widgets.scans_view import ScansView
from napari_raddiag.widgets.themed_label import ThemedLabel
from tests.viewer.data_models.made_up import made_case, made_diagnosis

VIEWS: tuple[Callable[[], QWidget], ...] = (
    CaseView,
    ScansView,
    DiagnoseBar,
    DisordersView,
    EvidenceView,
    EngineStatus,
)
NAPARI_MENUS = "FVLPWH"
DARK = "QWidget { background-color: #262930; color: #f0f1f2; selection-background-color: #6a7380; }"
LIGHT = "QWidget { background-color: #efebe9; color: #3b3a39; selection-background-color: #a3a3a3; }"


def all_views(qtbot: QtBot) -> list[QWidget]:
    views = [view() for view in VIEWS]
    for view in views:
        qtbot.addWidget(view)
    return views


def test_no_two_widgets_answer_to_one_key(qtbot: QtBot) -> None:
    keys = Counter(NAPARI_MENUS)
    for view in all_views(qtbot):
        for widget in (*view.findChildren(QAbstractButton), *view.findChildren(QLabel)):
            if isinstance(widget, ThemedLabel):
                continue  # plain text: an "&" in it is no key
            keys.update(key.upper() for key in re.findall(r"&(\w)", widget.text()))
    assert sum(keys.values()) > len(NAPARI_MENUS) + 10
    assert {key: count for key, count in keys.items() if count > 1} == {}


@pytest.mark.parametrize("kind", [QAbstractButton, QComboBox, QLineEdit, QSlider, QTableView])
def test_everything_that_takes_the_focus_has_a_name_and_a_tooltip(qtbot: QtBot, kind: type[QWidget]) -> None:
    found = 0
    for view in all_views(qtbot):
        for widget in view.findChildren(kind):
            own = type(widget.parent()).__module__.startswith("napari_raddiag") or isinstance(widget.parent(), QWidget)
            if not own or widget.objectName().startswith("qt_") or widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
                continue
            found += 1
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget.accessibleName() or text, f"{type(view).__name__}: {widget} has no name"
            if kind is not QTableView and text != "":
                assert widget.toolTip(), f"{type(view).__name__}: {text} has no tooltip"
    assert found


def test_views_fit_into_the_panel(qtbot: QtBot) -> None:
    for view in all_views(qtbot):
        if isinstance(view, ScansView):
            view.show_case(made_case())
        if isinstance(view, DisordersView):
            view.show_diagnosis(made_diagnosis())
        assert view.minimumSizeHint().width() <= 360, type(view).__name__


def test_labels_follow_the_theme(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    label = ThemedLabel("muted", parent=parent)
    parent.setStyleSheet(DARK)
    parent.show()
    qtbot.waitExposed(parent)
    dark = colours_of(parent.palette())
    assert (dark.background, dark.text, dark.is_dark) == ("#262930", "#f0f1f2", True)
    assert label.palette().color(label.foregroundRole()).name() == dark.muted
    parent.setStyleSheet(LIGHT)
    light = colours_of(parent.palette())
    assert not light.is_dark
    assert label.palette().color(label.foregroundRole()).name() == light.muted


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("background", "text"), [("#262930", "#f0f1f2"), ("#efebe9", "#3b3a39")])
def test_text_can_be_read_in_every_colour(background: str, text: str) -> None:
    colours = colours_from(background, text, "#6a7380")
    for name in ("text", "muted", "positive", "caution", "error", "good"):
        light, dark = sorted((luminance(getattr(colours, name)), luminance(background)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_views_load_neither_torch_nor_napari_nor_matplotlib() -> None:
    modules = (
        "case_view",
        "scans_view",
        "disorders_view",
        "evidence_view",
        "plots_view",
        "card_dialog",
        "message_list",
    )
    imports = "; ".join(f"import napari_raddiag.widgets.{name}" for name in (*modules, "engine_status", "diagnose_bar"))
    program = f"{imports}; import sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "napari", "matplotlib", "magicgui"} & set(done.stdout.split())


def turn_wheel(widget: QWidget) -> None:
    place = QPointF(widget.rect().center())
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        none,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_the_wheel_passes_over_lists_and_sliders(qtbot: QtBot) -> None:
    view = EvidenceView()
    qtbot.addWidget(view)
    view.show_evidence(EvidenceState("Glioma", "positive", "gradcam", (), ((0, 0, 0),)))
    view.show()
    qtbot.waitExposed(view)
    with qtbot.assertNotEmitted(view.method_chosen), qtbot.assertNotEmitted(view.opacity_changed):
        turn_wheel(view.method)
        turn_wheel(view.opacity)
    view.activateWindow()
    view.opacity.setFocus()
    qtbot.waitUntil(view.opacity.hasFocus)
    with qtbot.waitSignal(view.opacity_changed):
        turn_wheel(view.opacity)


@pytest.mark.parametrize("view", [ScansView, CaseView], ids=["scans", "case"])
def test_a_long_name_does_not_make_a_view_wider_than_the_panel(view: Callable[[], QWidget], qtbot: QtBot) -> None:
    shown = view()
    qtbot.addWidget(shown)
    long = "Y" * 200
    if isinstance(shown, ScansView):
        case = made_case()
        first = replace(case.scans[0], sources=(Path(f"{long}.dcm"),))
        shown.show_case(replace(case, scans=(first, *case.scans[1:])))
        shown.set_active(first.id)
    elif isinstance(shown, CaseView):
        shown.show_case(long)
    shown.show()
    assert long in "".join(label.text() for label in shown.findChildren(ThemedLabel))
    assert shown.minimumSizeHint().width() <= 360


def test_a_wrapping_line_keeps_no_room_for_a_narrower_panel(qtbot: QtBot) -> None:
    label = ThemedLabel()
    qtbot.addWidget(label)
    label.setText("a sentence that takes several lines where the panel is narrow, and one where it is wide " * 2)
    assert label.minimumSizeHint().height() < 2 * label.fontMetrics().lineSpacing()
    assert label.heightForWidth(200) > 3 * label.fontMetrics().lineSpacing()  # and what it needs it still gets
