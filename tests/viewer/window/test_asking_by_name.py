"""A disorder by name, typed in the real window and scored by the real engine, with its evidence on the image."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_raddiag.preferences import Preferences
from tests.engine.diagnosis.knowledge_model import save_knowledge_model
from tests.engine.diagnosis.tiny_model import tiny_engine
from tests.engine.service.service_process import running_service
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel
from tests.viewer.window.test_reading import diagnose, open_case


def test_a_typed_name_is_scored_marked_and_explained(
    open_panel: OpenPanel, sample: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    save_knowledge_model(tmp_path / "model")
    with running_service(tmp_path / "model") as service:
        monkeypatch.setenv("RADDIAG_TOKEN", service.token)
        panel = open_panel(Preferences(device="cpu", server=service.url))
        open_case(panel, sample, qtbot)
        view = panel.views.names
        assert not view.line.isEnabled() and "diagnose the case first" in view.reason.text()
        diagnose(panel, qtbot)
        positives = panel.session.current_diagnosis.positive
        qtbot.keyClicks(view.line, "Osteosarcoma")
        qtbot.keyClick(view.line, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: len(panel.names.scores) == 1, timeout=ENGINE_MS)
        assert view.list.isVisible() and view.list.model().index(0, 2).data() == "unseen"
        assert panel.session.current_diagnosis.positive == positives
        place = view.list.visualRect(view.list.model().index(0, 0)).center()
        qtbot.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.waitUntil(lambda: bool(panel.evidence.maps), timeout=ENGINE_MS)
        assert panel.evidence.disorder == "Osteosarcoma"
        assert "scored by its name alone" in panel.views.evidence.label.accessibleName()
        panel.shut_down()


def test_a_model_that_takes_no_names_is_offered_none(
    open_panel: OpenPanel, sample: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    tiny_engine(tmp_path / "model")
    with running_service(tmp_path / "model") as service:
        monkeypatch.setenv("RADDIAG_TOKEN", service.token)
        panel = open_panel(Preferences(device="cpu", server=service.url))
        open_case(panel, sample, qtbot)
        assert panel.views.names.isHidden() and "scores its own disorders only" in panel.names.why_not
        panel.shut_down()


def test_the_bundled_model_takes_names(open_panel: OpenPanel, shared_engine: Preferences) -> None:
    panel = open_panel(shared_engine)
    assert not panel.views.names.isHidden() and not panel.names.why_not.startswith("model demo")
