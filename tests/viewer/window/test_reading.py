"""From files to a diagnosis with evidence, in the real window with the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtGui import QGuiApplication

from napari_raddiag.panel import RadDiagPanel
from napari_raddiag.preferences import Preferences
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel


def open_case(panel: RadDiagPanel, paths: tuple[Path, ...], qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        panel.open_paths(paths)


def diagnose(panel: RadDiagPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(panel.views.diagnose.button.isEnabled, timeout=ENGINE_MS)
    panel.views.diagnose.button.click()
    qtbot.waitUntil(lambda: panel.session.current_diagnosis is not None, timeout=ENGINE_MS)


def show_evidence(panel: RadDiagPanel, disorder: str, qtbot: QtBot) -> None:
    panel.views.disorders.disorder_chosen.emit(disorder)
    qtbot.waitUntil(lambda: bool(panel.evidence.maps) and panel.evidence.disorder == disorder, timeout=ENGINE_MS)


def test_open_diagnose_explain(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    assert panel.canvas.layers.active is not None and panel.views.diagnose.button.isEnabled()
    diagnose(panel, qtbot)
    diagnosis = panel.session.current_diagnosis
    assert diagnosis is not None and {score.name for score in diagnosis.positives} == {"Tibial fracture", "Baker cyst"}
    assert diagnosis.headline == panel.views.disorders.headline.text()
    assert len(diagnosis.disorders) == diagnosis.assessed + diagnosis.not_assessed  # all of them, for filter and plots
    modality_of = {report.id: report.modality for report in diagnosis.scans}
    for disorder, modality in (("Tibial fracture", "X-ray"), ("Baker cyst", "MRI")):
        show_evidence(panel, disorder, qtbot)
        active = panel.canvas.layers.active
        assert active is not None and modality_of[active] == modality  # the view jumps to the scan with the peak
        layer = panel.canvas.saliency.layer(active)
        assert layer is not None and layer.visible


def test_an_edit_makes_the_result_stale_and_takes_the_evidence_away(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    show_evidence(panel, "Tibial fracture", qtbot)
    views, case = panel.views, panel.session.case
    assert case is not None
    xray = next(scan.id for scan in case.scans if scan.modality == "X-ray")
    panel.session.use(xray, False)
    assert views.disorders.is_stale and not panel.evidence.maps
    assert not any(layer.visible for layer in panel.canvas.layers.viewer.layers if layer.name.startswith("Tibial"))
    assert not any(layer.visible for layer in panel.canvas.layers.viewer.layers if layer.name.startswith("Evidence"))
    assert all(panel.canvas.saliency.layer(scan.id) is None for scan in case.scans)
    QGuiApplication.clipboard().setText("before")
    views.disorders.copy()
    views.disorders.save_csv(Path("should-not-be-written.csv"))
    assert QGuiApplication.clipboard().text() == "before" and not Path("should-not-be-written.csv").exists()
    panel.session.use(xray, True)
    assert not views.disorders.is_stale  # nothing differs any more
    panel.session.use(xray, False)
    diagnose(panel, qtbot)
    diagnosis = panel.session.current_diagnosis
    assert diagnosis is not None and "Tibial fracture" not in {score.name for score in diagnosis.positives}


def test_the_evidence_is_shown_on_every_scan_on_one_scale_and_changes_nothing_else(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    viewer = panel.canvas.layers.viewer
    own = viewer.add_image(np.zeros((4, 4)), name="the reader's own")
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    before = {layer.name for layer in viewer.layers}
    show_evidence(panel, "Baker cyst", qtbot)
    overlays = [layer for layer in viewer.layers if layer.name not in before]
    assert overlays and all(tuple(layer.contrast_limits) == (0.0, 1.0) for layer in overlays)
    panel.canvas.layers.hide_model()
    assert not any(layer.visible for layer in overlays) and own in viewer.layers and own.visible
    panel.canvas.layers.show_model()
    assert any(layer.visible for layer in overlays)
    panel.views.evidence.hide_requested.emit()
    assert not any(layer.visible or np.any(layer.data) for layer in overlays)
    assert {layer.name for layer in viewer.layers if layer not in overlays} == before and own.visible
    assert not any("Baker cyst" in layer.name for layer in viewer.layers)
    panel.session.close()
    assert list(viewer.layers) == [own]


def test_the_same_numbers_as_from_the_command_line(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    from raddiag_engine import Engine
    from raddiag_engine.reading import read_case

    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    engine = Engine.load("demo", device="cpu")
    engine.set_case(read_case(sample))
    expected, found = engine.diagnose(top=1000), panel.session.current_diagnosis
    assert found is not None and (found.case_hash, found.input_hash) == (expected.case_hash, expected.input_hash)
    np.testing.assert_allclose(
        [score.probability for score in found.disorders], [score.probability for score in expected.disorders], atol=1e-6
    )


def test_a_running_diagnosis_is_cancelled_and_nothing_of_it_is_shown(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    with qtbot.waitSignal(panel.diagnosis.cancelled, timeout=ENGINE_MS):
        panel.views.diagnose.button.click()
        panel.views.diagnose.cancel.click()
    assert panel.session.diagnosis is None
    assert panel.views.diagnose.button.isEnabled()
    diagnose(panel, qtbot)  # the next one works


def test_another_case_takes_everything_of_the_one_before_away(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    show_evidence(panel, "Tibial fracture", qtbot)
    open_case(panel, (sample[0] / "xray.dcm",), qtbot)
    assert panel.session.diagnosis is None and panel.views.disorders.diagnosis is None and not panel.evidence.maps
    assert len(panel.canvas.layers.scan_ids) == 1
    assert len(panel.canvas.layers.viewer.layers) == 1


def test_two_windows_on_one_engine(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    first, second = open_panel(shared_engine), open_panel(shared_engine)
    open_case(first, sample, qtbot)
    open_case(second, (sample[0] / "xray.dcm",), qtbot)
    first.views.diagnose.button.click()
    second.views.diagnose.button.click()
    qtbot.waitUntil(
        lambda: first.session.diagnosis is not None and second.session.diagnosis is not None, timeout=ENGINE_MS
    )
    one, two = first.session.diagnosis, second.session.diagnosis
    assert one is not None and two is not None
    assert len(one.scans) == 2 and len(two.scans) == 1 and one.case_hash != two.case_hash


def test_evidence_that_is_being_computed_never_stands_under_another_name(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    show_evidence(panel, "Tibial fracture", qtbot)
    panel.evidence.choose_method("occlusion")
    assert not panel.evidence.maps and panel.evidence.disorder == ""  # the map of the other method is gone at once
    assert all(panel.canvas.saliency.shown(scan_id) is None for scan_id in panel.canvas.layers.scan_ids)
    panel.evidence.cancel()
    qtbot.wait(200)
    assert not panel.evidence.maps
    panel.evidence.choose_method("gradcam")
    show_evidence(panel, "Tibial fracture", qtbot)


def test_evidence_is_cancelled_with_the_panels_button_while_it_is_computed(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine, method="occlusion")
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    view = panel.views.evidence
    panel.views.disorders.disorder_chosen.emit("Baker cyst")
    qtbot.waitUntil(lambda: view.busy.text().startswith("explaining scan"), timeout=ENGINE_MS)
    assert view.title.text() == "Baker cyst" and view.busy.text().endswith(" %")
    assert view.hide_button.text() == "Canc&el" and view.hide_button.isVisibleTo(panel)
    view.hide_button.click()
    assert not view.title.isVisibleTo(panel) and not view.hide_button.isVisibleTo(panel)
    panel.evidence.choose_method("gradcam")
    show_evidence(panel, "Baker cyst", qtbot)  # the engine does not compute the cancelled maps to their end first
    diagnosis = panel.session.current_diagnosis
    assert diagnosis is not None and panel.session.maps_of("Baker cyst", "occlusion") is None
    assert not panel.views.messages.messages


def test_a_diagnosis_asked_for_without_a_case_is_a_note_and_no_error(
    open_panel: OpenPanel, shared_engine: Preferences, qtbot: QtBot
) -> None:
    from napari_raddiag.data_models.panel_message import Severity

    panel = open_panel(shared_engine)
    panel.diagnosis.diagnose()
    assert [message.severity for message in panel.views.messages.messages] == [Severity.NOTE]


def test_one_click_is_shown_once_and_folded_plots_are_not_drawn(
    open_panel: OpenPanel,
    shared_engine: Preferences,
    sample: tuple[Path, ...],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    views = panel.views
    views.plots_section.set_expanded(True)
    plots = views.plots
    assert plots is not None
    views.plots_section.set_expanded(False)
    shown: list[str] = []
    drawn: list[str] = []
    show, draw = views.evidence.show_evidence, plots._draw
    monkeypatch.setattr(views.evidence, "show_evidence", lambda state: (shown.append(state.disorder), show(state)))
    monkeypatch.setattr(plots, "_draw", lambda: (drawn.append(plots._chosen), draw()))
    for disorder in ("Baker cyst", "Tibial fracture"):  # each in another scan: disorder, peak and scan in view change
        show_evidence(panel, disorder, qtbot)
        qtbot.wait(100)
    assert shown == ["Baker cyst", "Tibial fracture"] and views.evidence.title.text() == "Tibial fracture"
    assert not drawn
    views.plots_section.set_expanded(True)
    show_evidence(panel, "Baker cyst", qtbot)
    assert drawn and drawn[-1] == "Baker cyst"


def test_normal_has_no_evidence_and_says_so_in_one_line(
    open_panel: OpenPanel, shared_engine: Preferences, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(shared_engine)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    diagnosis = panel.session.current_diagnosis
    assert diagnosis is not None and diagnosis.normal is not None
    show_evidence(panel, "Baker cyst", qtbot)
    panel.views.disorders.normal.chosen.emit(diagnosis.normal.name)
    qtbot.wait(200)
    line = panel.views.evidence.busy.text()
    assert line.startswith(f"{diagnosis.normal.name} says that nothing was found") and "\n" not in line
    assert not panel.evidence.maps and not panel.views.messages.messages
    assert all(panel.canvas.saliency.layer(scan_id) is None for scan_id in panel.canvas.layers.scan_ids)


def test_a_local_engine_has_the_voxels_before_diagnose_is_pressed(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raddiag_engine.client import EngineClient

    sent: list[int] = []
    upload = EngineClient._upload

    def counted(client: EngineClient, case: Any, names: Any, steps: Any) -> None:
        upload(client, case, names, steps)
        sent.append(len(names))

    monkeypatch.setattr(EngineClient, "_upload", counted)
    panel = open_panel(Preferences(device="cpu"))
    open_case(panel, sample, qtbot)
    qtbot.waitUntil(lambda: sum(sent) == 2, timeout=ENGINE_MS)
    diagnose(panel, qtbot)
    assert sum(sent) == 2
