"""What a case needs of its voxels is taken in the thread that reads it, and not again by the window."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from napari_raddiag.canvas.scan_windows import ScanWindows
from napari_raddiag.display import grey_window
from napari_raddiag.session import loaded_case
from napari_raddiag.session.loaded_case import load_case, patient_alone
from raddiag_engine.cases import Case, Scan, Window
from tests.viewer.controllers.conftest import two_patients


def never() -> bool:
    return False


def nothing(done: int, total: int, what: str) -> None:
    pass


def test_the_window_of_a_scan_comes_with_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Scan("empty", "image", np.full((4, 4), np.nan, np.float32))
    grey = Scan("grey", "image", np.arange(100, dtype=np.int16).reshape(10, 10))
    colour = np.zeros((4, 4, 3), np.uint8)
    coloured = Scan("coloured", "image", np.zeros((4, 4), np.uint8), colour=colour)
    monkeypatch.setattr(loaded_case, "read_case", lambda paths, progress, found=None: Case((empty, grey, coloured)))
    loaded = load_case((Path("case"),), nothing, never)
    assert loaded.automatic_windows["empty"] is None and set(loaded.automatic_windows) == {"empty", "grey"}
    taken: list[int] = []
    monkeypatch.setattr(grey_window, "percentile_window", lambda scan: taken.append(threading.get_ident()))
    scans = {scan.id: scan for scan in (empty, grey)}
    windows = ScanWindows(scans, cast(Any, {}))
    for scan_id in scans:
        windows.know(scan_id, loaded.automatic_windows[scan_id])
        shown = windows.of(scan_id)
        windows.choices(scan_id)
    assert not taken and shown == loaded.automatic_windows["grey"]
    assert isinstance(shown, Window) and shown.width > 90
    scans["grey"] = Scan("grey", "image", grey.voxels.copy())
    windows.choices("grey")
    assert taken  # of other voxels under the same id nothing is known


def test_of_two_patients_only_the_windows_of_one_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_case, "read_case", lambda paths, progress, found=None: two_patients())
    alone = patient_alone(load_case((Path("case"),), nothing, never), 1, nothing, never)
    assert set(alone.automatic_windows) == {scan.id for scan in alone.case.scans} != {"a", "b", "c"}
