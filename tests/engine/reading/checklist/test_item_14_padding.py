"""Checklist item 14: padding value and range are masked before any minimum, maximum, window or check of values."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.preparation.windowing import percentile_window
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import noise, write_series


@pytest.mark.parametrize(
    ("padding", "limit", "expected"),
    [(-2000, None, (-3024, -3024)), (-2000, -1990, (-3024, -3014)), (-1990, -2000, (-3024, -3014))],
)
def test_item_14_the_range_in_rescaled_units(tmp_path, padding, limit, expected):
    write_series(tmp_path, noise(3, 4, 4), PixelPaddingValue=padding, PixelPaddingRangeLimit=limit)
    assert read_one(tmp_path).padding == expected


def test_item_14_a_value_written_with_the_wrong_sign(tmp_path):
    stored = noise(3, 4, 4)
    stored[:, 0] = -2000
    write_series(tmp_path, stored)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
        dataset.save_as(path)
    assert read_one(tmp_path).padding == (-3024, -3024)


def test_item_14_a_window_from_percentiles_does_not_see_it(tmp_path):
    stored = noise(3, 20, 20) + 100
    padded = stored.copy()
    padded[:, :8] = -30000
    write_series(tmp_path / "a", padded, PixelPaddingValue=-30000, Modality="MR", RescaleIntercept=0)
    window = percentile_window(read_one(tmp_path / "a"))
    low, high = np.percentile(stored[:, 8:], (0.5, 99.5))
    assert window.center - window.width / 2 == pytest.approx(low)
    assert window.center + window.width / 2 == pytest.approx(high)


def test_item_14_padding_does_not_hide_a_shifted_ct(tmp_path):
    stored = noise(3, 20, 20) + 50
    stored[:, 0] = -2000
    write_series(tmp_path, stored, PixelPaddingValue=-2000, RescaleIntercept=0)
    assert WarningCode.VALUES_OUT_OF_RANGE in codes(read_one(tmp_path))


def test_item_14_padding_that_looks_like_air_is_no_air(tmp_path):
    stored = noise(3, 20, 20) + 50
    stored[:, :6] = -1000
    write_series(tmp_path, stored, PixelPaddingValue=-1000, RescaleIntercept=0)
    assert WarningCode.VALUES_OUT_OF_RANGE in codes(read_one(tmp_path))


def test_item_14_nothing_but_a_range_of_padding_is_no_image(tmp_path):
    stored = np.random.default_rng(0).integers(-2000, -1900, (3, 6, 6)).astype(np.int16)
    write_series(tmp_path, stored, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1900)
    scan = read_one(tmp_path)
    assert (scan.usable, scan.reason) == (False, "every voxel is padding")


def test_item_14_one_value_beside_padding_is_a_constant_image(tmp_path):
    stored = np.full((3, 6, 6), -2000, np.int16)
    write_series(tmp_path, stored, PixelPaddingValue=-2000)
    scan = read_one(tmp_path)
    assert not scan.usable
    assert WarningCode.VALUES_CONSTANT in codes(scan)
