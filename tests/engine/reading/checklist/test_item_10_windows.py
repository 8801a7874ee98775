"""Checklist item 10: several windows, LINEAR, LINEAR_EXACT, SIGMOID and VOI LUT; for display, never for the values."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_windowing
from pydicom.pixels.processing import apply_voi

from raddiag_engine.cases import WarningCode, Window
from raddiag_engine.preparation.windowing import apply_window
from tests.engine.reading.checklist.scans import codes, message, read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import item
from tests.shared_data import shared_data


def test_item_10_all_windows_are_kept_in_order_with_their_names(tmp_path):
    names = ["BONE", "SOFT"]
    path = write_slice(
        tmp_path / "a.dcm",
        noise(4, 4),
        WindowCenter=[600, 40],
        WindowWidth=[1500, 400],
        WindowCenterWidthExplanation=names,
    )
    scan = read_one(path)
    assert scan.windows == (Window(600, 1500, "LINEAR", "BONE"), Window(40, 400, "LINEAR", "SOFT"))
    assert np.array_equal(scan.voxels, noise(4, 4) - 1024)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_item_10_each_function_shows_what_pydicom_shows(tmp_path, function):
    stored = noise(8, 8)
    path = write_slice(tmp_path / "a.dcm", stored, WindowCenter=-300, WindowWidth=700, VOILUTFunction=function)
    scan = read_one(path)
    ours = apply_window(scan.voxels, scan.windows[0])
    dataset = pydicom.dcmread(path)
    theirs = apply_windowing(scan.voxels.astype(np.float64), dataset)
    spread = (theirs - theirs.min()) / np.ptp(theirs)
    assert np.corrcoef(ours.ravel(), spread.ravel())[0, 1] > 1 - 1e-6


def test_item_10_windows_without_a_width_are_left_out(tmp_path):
    path = write_slice(tmp_path / "a.dcm", noise(4, 4), WindowCenter=[40, 50], WindowWidth=[0, 400])
    assert read_one(path).windows == (Window(50, 400),)


def table_item(first, output, bits=16):
    data = np.asarray(output, dtype="<u2").tobytes()
    return item(LUTDescriptor=[len(output), first, bits], LUTData=data, LUTExplanation="CURVE")


def test_item_10_a_voi_lut_is_kept_as_the_window_with_its_ends(tmp_path):
    curve = np.rint(65535 / (1 + np.exp(-(np.arange(1000) - 400) / 50.0))).astype(int)
    path = write_slice(
        tmp_path / "a.dcm",
        noise(8, 8).astype(np.uint16),
        Modality="DX",
        RescaleIntercept=0,
        VOILUTSequence=[table_item(200, curve)],
    )
    scan = read_one(path)
    (window,) = scan.windows
    shown = apply_voi(np.arange(0, 1400), pydicom.dcmread(path)) / 65535
    assert shown[int(window.center - window.width / 2) + 1] == pytest.approx(0.01, abs=0.002)
    assert shown[int(window.center + window.width / 2) - 1] == pytest.approx(0.99, abs=0.002)
    assert window.name == "CURVE"
    assert "VOI LUT" in message(scan, WarningCode.VALUES_WINDOW_TABLE)
    assert np.array_equal(scan.voxels, noise(8, 8))


def test_item_10_a_window_comes_before_a_table(tmp_path):
    path = write_slice(
        tmp_path / "a.dcm",
        noise(8, 8),
        WindowCenter=40,
        WindowWidth=400,
        VOILUTSequence=[table_item(0, np.arange(256) * 257)],
    )
    scan = read_one(path)
    assert scan.windows == (Window(40, 400),)
    assert WarningCode.VALUES_WINDOW_TABLE not in codes(scan)


def test_item_10_the_real_table_of_pydicoms_sample():
    scan = read_one(shared_data("dicom", "pydicom_data", "vlut_04.dcm"))
    (window,) = scan.windows
    assert window.width > 1
    assert WarningCode.VALUES_WINDOW_TABLE in codes(scan)
