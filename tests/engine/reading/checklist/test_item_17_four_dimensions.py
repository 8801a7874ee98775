"""Checklist item 17: dynamic, diffusion, functional and cardiac series, and mosaics: the default pick is said."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading import read_case
from tests.engine.reading.checklist.scans import message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_series


def series(folder, attributes, times=6, slices=4):
    stored = noise(times * slices, 4, 4)
    positions = [(0, 0, 2 * (i % slices)) for i in range(times * slices)]
    write_series(
        folder, stored, positions=positions, each=lambda i: attributes(i // slices), Modality="MR", RescaleIntercept=0
    )
    return stored


@pytest.mark.parametrize(
    ("attributes", "name", "first"),
    [
        (lambda t: {"TemporalPositionIdentifier": 6 - t}, "temporal position", 5),
        (lambda t: {"TriggerTime": 100.0 * ((t + 2) % 6)}, "cardiac phase", 4),
        (lambda t: {"DiffusionBValue": 200.0 * ((t + 1) % 6)}, "b-value", 5),
        (lambda t: {"AcquisitionTime": f"1200{(t + 3) % 6:02d}"}, "acquisition time", 3),
        (lambda t: {"AcquisitionNumber": (t + 1) % 6}, "acquisition", 5),
    ],
)
def test_item_17_the_first_volume_is_taken_and_it_is_said_by_what(tmp_path, attributes, name, first):
    stored = series(tmp_path, attributes)
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert np.array_equal(scan.voxels, stored[4 * first : 4 * first + 4])
    assert f"one volume 6 times, by {name} (4D); the first is used" in message(
        scan, WarningCode.CONTENT_FOUR_DIMENSIONAL
    )
    assert len(case.skipped) == 20


def test_item_17_few_b_values_are_read_side_by_side(tmp_path):
    stored = series(tmp_path, lambda t: {"DiffusionBValue": 500.0 * t}, times=3)
    scans = read_all(tmp_path)
    assert [np.array_equal(scan.voxels, stored[4 * i : 4 * i + 4]) for i, scan in enumerate(scans)] == [True] * 3


def test_item_17_a_time_that_was_broken_off_is_not_mixed_into_the_first(tmp_path):
    stored = noise(10, 4, 4)
    positions = [(0, 0, 2 * (i % 4)) for i in range(10)]
    own = {"Modality": "MR", "RescaleIntercept": 0}
    write_series(tmp_path, stored, positions=positions, each=lambda i: {"TemporalPositionIdentifier": i // 4}, **own)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored[:4])
    assert scan.usable
    assert "3 times, by temporal position" in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)
