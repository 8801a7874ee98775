"""Checklist item 4: a gap of k spacings is a missing slice; it is said which, and nothing is averaged."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import read_all, read_one
from tests.engine.reading.dicom_files import noise, write_series


@pytest.mark.parametrize(
    ("missing", "slices", "text"),
    [
        ([3], (2,), "1 slice is missing at 2.50 mm spacing: 1 between 3 and 4"),
        ([2, 3, 4], (1,), "3 slices are missing at 2.50 mm spacing: 3 between 2 and 3"),
        ([2, 6, 7], (1, 4), "3 slices are missing at 2.50 mm spacing: 1 between 2 and 3, 2 between 5 and 6"),
    ],
)
def test_item_04_missing_slices_are_counted_and_placed(tmp_path, missing, slices, text):
    stored = noise(10, 4, 4)
    paths = write_series(tmp_path, stored)
    for index in missing:
        paths[index].unlink()
    kept = [index for index in range(10) if index not in missing]
    scan = read_one(tmp_path)
    (warning,) = scan.warnings
    assert (warning.code, warning.slices) == (WarningCode.GEOMETRY_GAP, slices)
    assert text in warning.message
    assert scan.spacing_mm[0] == pytest.approx(2.5)
    assert np.array_equal(scan.voxels, stored[kept] - 1024)
    # Slices beyond the gap lie where their files put them, not where an even stack would.
    assert scan.slice_places == pytest.approx(kept)
    for place, index in zip(scan.slice_places, kept, strict=True):
        assert np.allclose((scan.affine @ (place, 0, 0, 1))[:3], (10, -20, 30 + 2.5 * index), atol=0.01)


def test_item_04_a_gap_in_a_tilted_stack(tmp_path):
    positions = [np.array([0, 0.6 * i, 2.0 * i]) for i in range(8)]
    paths = write_series(tmp_path, noise(8, 4, 4), positions=positions)
    paths[4].unlink()
    original = read_all(tmp_path)[-1]
    kept = [index for index in range(8) if index != 4]
    for place, index in zip(original.slice_places, kept, strict=True):
        lps = (original.affine @ (place, 0, 0, 1))[:3] * (-1, -1, 1)
        assert np.allclose(lps, positions[index], atol=0.01)
