"""Evidence and plots: what they say and what they ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLabel

from napari_raddiag.data_models.evidence_state import EvidenceState, Peak, ScanEvidence
from napari_raddiag.widgets.card_dialog import CardDialog
from napari_raddiag.widgets.colours import colours_from
from napari_raddiag.widgets.evidence_view import NOTHING, EvidenceView
from napari_raddiag.widgets.plots_view import PlotsView
from raddiag_engine.models.card import read_card
from raddiag_engine.saliency.methods import METHODS
from raddiag_resources import path_of
from tests.viewer.data_models.made_up import made_diagnosis, many_disorders

LEFT = Qt.MouseButton.LeftButton
STATE = EvidenceState(
    disorder="Tibial fracture",
    state="positive",
    method="respondcam",
    scans=(ScanEvidence("xray", "1 X-ray frontal", 7.0), ScanEvidence("mri", "2 MRI sagittal", -0.6, dark=True)),
    colours=((0, 0, 0), (255, 160, 0)),
    peak=Peak(1, 2, "2 MRI sagittal, slices 14 to 16 of 24"),
    active_scan="mri",
)


@pytest.fixture
def view(qtbot: QtBot) -> EvidenceView:
    view = EvidenceView()
    qtbot.addWidget(view)
    view.resize(380, 400)
    view.show_comparable(["Tibial fracture", "Baker cyst"])
    view.show_evidence(STATE)
    return view


def said(view: EvidenceView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


def test_positive_evidence_is_shown_without_a_caution(view: EvidenceView) -> None:
    assert "Tibial fracture" in said(view)
    assert "Peak 1 of 2: 2 MRI sagittal, slices 14 to 16 of 24" in said(view)
    assert "no finding" not in said(view)
    assert view.method.currentData() == "respondcam"


@pytest.mark.parametrize(("state", "label"), [("negative", "below its threshold"), ("not assessed", "not assessed in")])
def test_evidence_for_what_is_not_positive_is_labelled(view: EvidenceView, state: str, label: str) -> None:
    view.show_evidence(replace(STATE, state=state))  # type: ignore[arg-type]
    assert f"Tibial fracture is {label}" in said(view)
    view.show_evidence(STATE)
    assert label not in said(view)


def test_compared_disorder_is_labelled_too(view: EvidenceView) -> None:
    assert view.compared_bar.isHidden()
    view.show_evidence(
        replace(STATE, compared_with="Baker cyst", compared_state="negative", compared_colours=((0, 0, 0), (0, 9, 9)))
    )
    assert "Baker cyst is below its threshold" in said(view)
    assert not view.compared_bar.isHidden()
    assert view.compare.currentText() == "Baker cyst"


def test_peaks_are_stepped_through_and_end(view: EvidenceView, qtbot: QtBot) -> None:
    assert not view.previous.isEnabled()
    with qtbot.waitSignal(view.peak_requested) as told:
        qtbot.mouseClick(view.next, LEFT)
    assert told.args == [1]
    view.show_evidence(replace(STATE, peak=Peak(2, 2, "1 X-ray", share=0.4)))
    assert "40\u00a0% of the strongest" in said(view)
    view.show_evidence(replace(STATE, peak=Peak(1, 2, "1 X-ray", share=0.86)))
    assert "strongest" not in view.peak_text.text()  # the first is the strongest, and nothing is stronger
    view.show_evidence(replace(STATE, peak=Peak(2, 2, "1 X-ray", share=0.4)))
    assert not view.next.isEnabled()
    with qtbot.waitSignal(view.peak_requested) as told:
        qtbot.mouseClick(view.previous, LEFT)
    assert told.args == [-1]


def test_no_evidence_is_said(view: EvidenceView) -> None:
    view.show_evidence(replace(STATE, peak=None))
    assert "No evidence in any scan" in said(view)
    assert not view.next.isEnabled()


def test_contributions_are_signed_numbers_and_show_their_scan(view: EvidenceView, qtbot: QtBot) -> None:
    xray, mri = view.bars.rows["xray"], view.bars.rows["mri"]
    assert (xray.number.text(), mri.number.text()) == ("+7.0", "-0.6 (dark)")
    assert "shown" in mri.name.accessibleName()
    with qtbot.waitSignal(view.scan_activated) as told:
        qtbot.mouseClick(xray.name, LEFT)
    assert told.args == ["xray"]


def test_showing_another_peak_keeps_the_rows_and_their_focus(view: EvidenceView) -> None:
    row = view.bars.rows["xray"]
    view.show_evidence(replace(STATE, active_scan="xray"))
    assert view.bars.rows["xray"] is row
    assert row.name.text().startswith("▸")


def test_one_scan_has_no_contribution(view: EvidenceView) -> None:
    view.show_evidence(replace(STATE, scans=(ScanEvidence("only", "1 CT axial"),)))
    assert view.bars.rows["only"].number.text() == ""


def test_choices_are_told_and_setting_them_is_not(view: EvidenceView, qtbot: QtBot) -> None:
    assert [view.method.itemData(row) for row in range(view.method.count())] == list(METHODS)
    with qtbot.waitSignal(view.method_chosen) as told:
        view.method.setCurrentIndex(0)
        view.method.activated.emit(0)
    assert told.args == ["gradcam"]
    with qtbot.waitSignal(view.compare_chosen) as told:
        view.compare.setCurrentIndex(2)
        view.compare.activated.emit(2)
    assert told.args == ["Baker cyst"]
    with qtbot.waitSignal(view.opacity_changed) as told:
        view.opacity.setValue(70)
    assert told.args == [0.7]
    with qtbot.assertNotEmitted(view.opacity_changed):
        view.set_opacity(0.3)
    assert "30 %" in said(view)
    with qtbot.assertNotEmitted(view.method_chosen), qtbot.assertNotEmitted(view.compare_chosen):
        view.show_evidence(STATE)
    with qtbot.waitSignal(view.hide_requested):
        qtbot.mouseClick(view.hide_button, LEFT)


def test_while_computing_and_with_nothing_no_old_evidence_is_left(view: EvidenceView) -> None:
    view.show_computing("Baker cyst")
    assert "slices 14" not in said(view)
    assert "Baker cyst" in said(view)
    assert "computing" in said(view)
    view.say_progress("covering scan 1 of 2, 40 %")
    assert "40 %" in said(view) and "computing" not in said(view) and view.hide_button.text() == "Canc&el"
    view.show_nothing()
    assert view.hide_button.text() == "Hid&e evidence"
    assert said(view).splitlines() == [NOTHING, "&Method"]


@pytest.mark.parametrize("why", ["", "needs 9.1 GB, 7.8 free", "computing"])
def test_the_method_can_be_changed_whatever_is_shown(view: EvidenceView, qtbot: QtBot, why: str) -> None:
    view.show()
    qtbot.waitExposed(view)
    if why == "computing":
        view.show_computing("Baker cyst")
    else:
        view.show_nothing(*([why] if why else []))
    assert view.method.isVisible()
    assert view.method.isEnabled()
    for other in (view.opacity, view.compare, view.bars, view.next):
        assert not other.isVisible()
    assert view.hide_button.isVisible() == (why == "computing")
    with qtbot.waitSignal(view.method_chosen) as told:
        view.method.setCurrentIndex(view.method.findData("occlusion"))
        view.method.activated.emit(view.method.currentIndex())
    assert told.args == ["occlusion"]
    view.show_evidence(STATE)
    assert view.opacity.isVisible()
    assert view.hide_button.isVisible()


def test_the_method_in_use_is_shown_without_evidence_and_in_silence(view: EvidenceView, qtbot: QtBot) -> None:
    view.show_nothing()
    with qtbot.assertNotEmitted(view.method_chosen):
        view.set_method("integrated_gradients")
    assert view.method.currentData() == "integrated_gradients"


def test_the_same_disorders_are_not_offered_anew(view: EvidenceView, qtbot: QtBot) -> None:
    names = [score.name for score in many_disorders(60)]
    view.show_comparable(names)
    view.compare.setCurrentIndex(3)
    with qtbot.assertNotEmitted(view.compare.model().rowsInserted):
        view.show_comparable(list(names))
    assert view.compare.currentText() == names[2]
    view.show_comparable(names[1:])
    assert view.compare.currentText() == names[2]
    assert view.compare.count() == 60
    view.show_comparable(names[:2])
    assert view.compare.currentIndex() == 0


def test_a_disorder_is_not_compared_with_itself(view: EvidenceView) -> None:
    def choosable() -> list[bool]:
        rows = view.compare.model()
        return [bool(rows.flags(rows.index(row, 0)) & Qt.ItemFlag.ItemIsEnabled) for row in range(rows.rowCount())]

    assert choosable() == [True, False, True]  # nothing, Tibial fracture which is shown, Baker cyst
    view.show_evidence(replace(STATE, disorder="Baker cyst"))
    assert choosable() == [True, True, False]
    view.show_evidence(replace(STATE, disorder="Normal"))
    assert choosable() == [True, True, True]


@pytest.fixture
def plots(qtbot: QtBot) -> PlotsView:
    plots = PlotsView()
    qtbot.addWidget(plots)
    plots.resize(380, 600)
    plots.show_diagnosis(made_diagnosis(), {"xray": "1 X-ray", "mri": "2 MRI"})
    return plots


def test_plots_show_scores_contributions_and_histogram(plots: PlotsView) -> None:
    scores, contributions, histogram = plots.figure.axes
    assert [label.get_text() for label in scores.get_yticklabels()] == [
        "Tibial fracture",
        "Baker cyst",
        "Osteochondroma",
    ]
    assert [bar.get_width() for bar in scores.patches] == [0.968, 0.724, 0.102]
    assert [bar.get_width() for bar in contributions.patches] == [7.0, -0.6]
    assert "not assessed: 1" in histogram.get_xlabel()
    plots.set_chosen("Baker cyst")
    assert [bar.get_width() for bar in plots.figure.axes[1].patches] == [-0.6, 5.1]


def test_what_is_plotted_already_is_not_drawn_again(plots: PlotsView) -> None:
    def drawn() -> list[int]:
        return [id(axes) for axes in plots.figure.axes]

    before = drawn()
    plots.set_chosen("")
    plots.set_chosen("Tibial fracture")  # the first one, which is plotted while none is chosen
    plots.show_diagnosis(plots._diagnosis, {"xray": "1 X-ray", "mri": "2 MRI"})
    assert drawn() == before
    plots.set_chosen("Baker cyst")
    assert drawn() != before
    before = drawn()
    plots.show_diagnosis(made_diagnosis(), {"xray": "1 X-ray", "mri": "2 MRI"})
    assert drawn() != before


def test_choosing_a_disorder_does_not_bring_a_stale_plot_back(plots: PlotsView) -> None:
    plots.set_stale(True)
    plots.set_chosen("Baker cyst")
    assert plots.canvas.isHidden()


def test_plots_of_a_diagnosis_that_is_gone_are_not_saved_under_its_name(
    plots: PlotsView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(*_args: object) -> tuple[str, str]:
        plots.show_diagnosis(made_diagnosis(), {})
        return str(tmp_path / "a.png"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    with qtbot.waitSignal(plots.message) as told:
        qtbot.mouseClick(plots.save_button, LEFT)
    assert "the diagnosis changed" in told.args[0]
    assert list(tmp_path.iterdir()) == []


def test_histogram_counts_every_assessed_class(plots: PlotsView) -> None:
    plots.show_diagnosis(made_diagnosis(*many_disorders(5569)), {})
    heights = [bar.get_height() for bar in plots.figure.axes[2].patches]
    assert sum(heights) == 5569 + 2  # the positives once more, in their own colour


def test_plots_follow_a_theme(plots: PlotsView) -> None:
    plots.set_colours(colours_from("#102030", "#f0f0f0", "#405060"))
    from matplotlib.colors import to_hex

    assert to_hex(plots.figure.get_facecolor()) == "#102030"
    assert {to_hex(axes.title.get_color()) for axes in plots.figure.axes} <= {"#000000", "#f0f0f0"}


def test_a_stale_diagnosis_is_not_plotted_nor_saved(plots: PlotsView, qtbot: QtBot, tmp_path: Path) -> None:
    plots.set_stale(True)
    assert plots.canvas.isHidden()
    plots.save_png(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_png_is_saved(plots: PlotsView, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(plots.message) as told:
        plots.save_png(tmp_path / "a.png")
    assert told.args == [f"saved {tmp_path / 'a.png'}"]
    with Image.open(tmp_path / "a.png") as image:
        assert image.size[0] > 300
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_name_with_dollars_is_no_formula(plots: PlotsView, tmp_path: Path) -> None:
    odd = replace(made_diagnosis().disorders[0], name="a $b$ $c")
    plots.show_diagnosis(made_diagnosis(odd), {"xray": "$x$"})
    plots.save_png(tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


def test_card_opens_with_text_and_table(qtbot: QtBot) -> None:
    dialog = CardDialog()
    qtbot.addWidget(dialog)
    dialog.show_card(read_card(path_of("demo_model") / "card.json"))
    assert "not for clinical use" in dialog.text.toPlainText()
    qtbot.keyClicks(dialog.find, "baker")
    assert dialog.model.rowCount() == 1
    dialog.show()
    qtbot.keyClick(dialog.find, Qt.Key.Key_Return)
    assert dialog.isVisible()
