"""Checklist item 3: spacing from positions, never from SliceThickness or SpacingBetweenSlices; irregular is said."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import noise, write_series


def test_item_03_lying_thickness_and_spacing_tags_are_not_asked(tmp_path):
    write_series(tmp_path, noise(5, 4, 4), SliceThickness=9.0, SpacingBetweenSlices=-7.0)
    scan = read_one(tmp_path)
    assert scan.spacing_mm[0] == pytest.approx(2.5)
    assert codes(scan) == []


def test_item_03_irregular_steps_are_named_and_every_slice_keeps_its_place(tmp_path):
    heights = [0, 2, 4, 6.2, 8.2, 10.2, 12.2]
    write_series(tmp_path, noise(7, 4, 4), positions=[(0, 0, z) for z in heights])
    scan = read_one(tmp_path)
    (warning,) = scan.warnings
    assert (warning.code, warning.slices) == (WarningCode.GEOMETRY_IRREGULAR_SPACING, (2,))
    assert scan.slice_places is not None
    for place, height in zip(scan.slice_places, heights, strict=True):
        assert np.allclose((scan.affine @ (place, 0, 0, 1))[:3], (0, 0, height), atol=0.01)


@pytest.mark.parametrize(("off_mm", "irregular"), [(0.04, False), (0.2, True)])
def test_item_03_irregular_begins_at_two_per_cent(tmp_path, off_mm, irregular):
    heights = [0, 5, 10 + off_mm, 15 + off_mm, 20 + off_mm]
    write_series(tmp_path, noise(5, 4, 4), positions=[(0, 0, z) for z in heights])
    assert (WarningCode.GEOMETRY_IRREGULAR_SPACING in codes(read_one(tmp_path))) is irregular


def test_item_03_slices_beside_one_another_are_no_volume(tmp_path):
    positions = [(0, 0, 0), (0, 0, 2), (0, 30, 4), (0, 0, 6), (0, 0, 8)]
    write_series(tmp_path, noise(5, 4, 4), positions=positions)
    scan = read_one(tmp_path)
    assert WarningCode.GEOMETRY_FAILED in codes(scan)
    assert not scan.usable
    assert "30.0 mm beside one another" in scan.reason
