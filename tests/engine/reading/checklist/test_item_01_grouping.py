"""Checklist item 1: group by series, split by what makes different images, and show the split and why."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_all
from tests.engine.reading.dicom_files import noise, write_series

ELSEWHERE = [(0, 0, 100 + 2 * i) for i in range(4)]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "kind of object"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "orientation"),
        ({"PixelSpacing": [0.5, 0.5]}, "pixel spacing"),
        ({"ImageType": ["DERIVED", "PRIMARY", "MIP"]}, "image type"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "image type"),
        ({"EchoTime": 80.0}, "echo time"),
        ({"ConvolutionKernel": "B70f"}, "kernel"),
    ],
)
def test_item_01_a_series_is_split_and_says_by_what(tmp_path, other, why):
    write_series(tmp_path / "a", noise(4, 4, 4))
    positions = [(0, 5 * i, 100 + 5 * i) for i in range(4)]
    write_series(tmp_path / "b", noise(4, 4, 4, seed=1), positions=positions, **other)
    scans = read_all(tmp_path)
    assert [scan.voxels.shape for scan in scans] == [(4, 4, 4)] * 2
    assert all(
        f"one of 2 parts of its series, told apart by {why}" in message(scan, WarningCode.CONTENT_SPLIT)
        for scan in scans
    )


def test_item_01_rows_and_columns_split_too(tmp_path):
    write_series(tmp_path / "a", noise(4, 4, 4))
    write_series(tmp_path / "b", noise(4, 6, 4, seed=1), positions=ELSEWHERE)
    scans = read_all(tmp_path)
    assert sorted(scan.voxels.shape for scan in scans) == [(4, 4, 4), (4, 6, 4)]
    assert "rows and columns" in message(scans[0], WarningCode.CONTENT_SPLIT)


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        (lambda i: {"DiffusionBValue": 1000.0 * (i // 4)}, "b-value"),
        (lambda i: {"AcquisitionNumber": i // 4 + 1}, "acquisition"),
    ],
)
def test_item_01_repetitions_of_one_place_become_scans_of_their_own(tmp_path, attributes, name):
    stored = noise(8, 4, 4)
    positions = [(0, 0, 2 * (i % 4)) for i in range(8)]
    write_series(tmp_path, stored, positions=positions, each=attributes, Modality="MR", RescaleIntercept=0)
    first, second = read_all(tmp_path)
    assert np.array_equal(first.voxels, stored[:4])
    assert np.array_equal(second.voxels, stored[4:])
    assert f"told apart by {name}" in message(second, WarningCode.CONTENT_SPLIT)


def test_item_01_one_series_is_one_scan_without_a_note(tmp_path):
    write_series(tmp_path, noise(4, 4, 4), each=lambda i: {"AcquisitionNumber": i // 2})
    (scan,) = read_all(tmp_path)
    assert codes(scan) == []
