"""The first scan is on the canvas before the last one is read, and stays there as the reader has it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.preferences import Preferences
from napari_raddiag.session import loaded_case
from raddiag_engine.cases import Scan
from raddiag_engine.reading import read_case
from tests.engine.reading.dicom_files import noise, write_series
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The reading waits behind its first scan until this is set."""
    event = threading.Event()

    def reading(*paths: Any, found: Any, **options: Any) -> Any:
        def wait_behind(scan: Scan) -> None:
            found(scan)
            event.wait(60)

        return read_case(*paths, found=wait_behind, **options)

    monkeypatch.setattr(loaded_case, "read_case", reading)
    yield event
    event.set()


def two_series(folder: Path, second_patient: str = "P1") -> Path:
    for number, patient in enumerate(("P1", second_patient)):
        more = {"SeriesInstanceUID": f"1.2.3.{number}", "SeriesNumber": number, "PatientID": patient}
        write_series(folder / f"{number}", noise(9, 64, 64, seed=number), **more)
    return folder


def test_it_is_shown_while_the_rest_is_read_and_stays_in_the_readers_window(
    open_panel: OpenPanel, qtbot: QtBot, tmp_path: Path, go_on: threading.Event
) -> None:
    panel = open_panel(Preferences(model="no such model"), ready=False)
    layers = panel.canvas.layers
    with qtbot.waitSignal(panel.opener.first_found, timeout=ENGINE_MS):
        panel.open_paths((two_series(tmp_path),))
    assert panel.session.case is None and panel.opener.is_reading
    assert len(layers.shown) == 1 and layers.layer(layers.active).visible
    shown, layer = layers.active, layers.layer(layers.active)
    layers.navigation.step_slice(2)
    at = panel.canvas.layers.viewer.dims.current_step
    layer.contrast_limits = (-300, 200)
    panel.evidence.cancel()
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        go_on.set()
    assert panel.session.case is not None and len(panel.session.case.scans) == 2
    assert layers.active == shown and layers.layer(shown) is layer
    assert tuple(layer.contrast_limits) == (-300, 200) and layers.viewer.dims.current_step == at


def test_of_two_patients_none_stays(
    open_panel: OpenPanel, qtbot: QtBot, tmp_path: Path, go_on: threading.Event
) -> None:
    panel = open_panel(Preferences(model="no such model"), ready=False)
    with qtbot.waitSignal(panel.opener.first_found, timeout=ENGINE_MS):
        panel.open_paths((two_series(tmp_path, "P2"),))
    with qtbot.waitSignal(panel.opener.patients_found, timeout=ENGINE_MS):
        go_on.set()
    assert panel.canvas.layers.scan_ids == () and len(panel.canvas.layers.viewer.layers) == 0
