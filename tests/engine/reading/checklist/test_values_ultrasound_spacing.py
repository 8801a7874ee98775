"""Values: lengths in ultrasound hold only inside the calibrated 2D region."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import UltrasoundImageStorage

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import item


def region(bounds=(10, 4, 89, 69), deltas=(0.02, 0.03), units=(3, 3), spatial=1):
    left, top, right, bottom = bounds
    return item(
        RegionSpatialFormat=spatial,
        RegionDataType=1,
        RegionLocationMinX0=left,
        RegionLocationMinY0=top,
        RegionLocationMaxX1=right,
        RegionLocationMaxY1=bottom,
        PhysicalUnitsXDirection=units[0],
        PhysicalUnitsYDirection=units[1],
        PhysicalDeltaX=deltas[0],
        PhysicalDeltaY=deltas[1],
    )


def picture(path, *regions):
    return write_slice(
        path,
        noise(80, 100).astype(np.uint8),
        SOPClassUID=UltrasoundImageStorage,
        Modality="US",
        RescaleSlope=None,
        RescaleIntercept=None,
        SequenceOfUltrasoundRegions=list(regions),
    )


def test_values_spacing_comes_with_the_region_it_holds_in(tmp_path):
    scan = read_one(picture(tmp_path / "a.dcm", region()))
    assert scan.spacing_mm == pytest.approx((0.3, 0.2))
    assert scan.calibrated_region == (4, 69, 10, 89)
    assert "rows 5 to 70 and columns 11 to 90" in message(scan, WarningCode.GEOMETRY_PART_CALIBRATED)


def test_values_a_region_over_the_whole_picture_needs_no_bounds(tmp_path):
    scan = read_one(picture(tmp_path / "a.dcm", region(bounds=(0, 0, 99, 79))))
    assert (scan.calibrated_region, codes(scan)) == (None, [])


def test_values_m_mode_and_doppler_are_no_lengths(tmp_path):
    beside = region(bounds=(0, 70, 99, 79), deltas=(0.5, 0.1), spatial=2)
    doppler = region(bounds=(0, 0, 9, 79), units=(4, 7), spatial=3)
    scan = read_one(picture(tmp_path / "a.dcm", beside, region(), doppler))
    assert scan.calibrated_region == (4, 69, 10, 89)
    only = read_one(picture(tmp_path / "b.dcm", beside, doppler))
    assert only.spacing_mm is None
    assert WarningCode.GEOMETRY_UNKNOWN in codes(only)


def test_values_two_regions_of_different_size_are_not_averaged(tmp_path):
    other = region(bounds=(50, 4, 89, 69), deltas=(0.04, 0.06))
    scan = read_one(picture(tmp_path / "a.dcm", region(bounds=(0, 4, 49, 69)), other))
    assert scan.spacing_mm is None
    assert "differ in pixel size" in message(scan, WarningCode.GEOMETRY_UNKNOWN)


def test_values_bounds_outside_the_picture_are_cut(tmp_path):
    scan = read_one(picture(tmp_path / "a.dcm", region(bounds=(10, 0, 500, 400))))
    assert scan.calibrated_region == (0, 79, 10, 99)
