"""The real window with the real engine: one service for most tests, one of its own where it is to die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.panel import RadDiagPanel
from napari_raddiag.preferences import Preferences
from napari_raddiag.window import panel_in
from raddiag_resources import path_of
from tests.engine.service.service_process import ServiceProcess, running_service

# The engine loads torch first; other tests may keep the processors busy meanwhile.
ENGINE_MS = 120_000
OpenPanel = Callable[..., RadDiagPanel]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recent cases and sessions of a test stay its own."""
    folder = tmp_path / "raddiag-home"
    monkeypatch.setenv("RADDIAG_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def service() -> Iterator[ServiceProcess]:
    """An engine service with the demo model."""
    with running_service("demo") as service:
        yield service


@pytest.fixture
def shared_engine(service: ServiceProcess, monkeypatch: pytest.MonkeyPatch) -> Preferences:
    """Preferences that name the service of this module as a server."""
    monkeypatch.setenv("RADDIAG_TOKEN", service.token)
    return Preferences(device="cpu", server=service.url)


@pytest.fixture
def open_panel(
    make_napari_viewer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> Iterator[OpenPanel]:
    """Opens windows with the panel; at the end their engines are gone."""
    opened: list[RadDiagPanel] = []

    def open_one(preferences: Preferences, *, ready: bool = True, **changes: Any) -> RadDiagPanel:
        wanted = replace(preferences, **changes)
        monkeypatch.setattr("napari_raddiag.panel.read_preferences", lambda: wanted)
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1366, 768)
        panel = panel_in(viewer)
        opened.append(panel)
        if ready:
            qtbot.waitUntil(lambda: panel.link.state.can_compute and panel.link.card is not None, timeout=ENGINE_MS)
        return panel

    yield open_one
    for panel in opened:
        panel.shut_down()


@pytest.fixture
def sample() -> tuple[Path, ...]:
    """The bundled sample case."""
    return (path_of("sample_case"),)
