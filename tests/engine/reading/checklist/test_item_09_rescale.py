"""Checklist item 9: slope and intercept per instance and per frame; CT without rescale is flagged, never assumed."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import EnhancedCTImageStorage

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_one
from tests.engine.reading.dicom_files import noise, write_series
from tests.engine.reading.enhanced_files import frame_groups, shared_groups, write_enhanced


def test_item_09_every_slice_has_its_own(tmp_path):
    stored = noise(5, 4, 4)
    slopes, intercepts = (1.0, 0.5, 2.25, 0.001, 7.0), (0.0, -3.5, 100.0, 0.25, -1.0)
    own = lambda i: {"RescaleSlope": slopes[i], "RescaleIntercept": intercepts[i]}  # noqa: E731
    write_series(tmp_path, stored, Modality="MR", each=own)
    expected = stored * np.array(slopes)[:, None, None] + np.array(intercepts)[:, None, None]
    assert np.allclose(read_one(tmp_path).voxels, expected, rtol=1e-6)


def test_item_09_every_frame_has_its_own(tmp_path):
    stored = noise(4, 5, 6)
    rescales = [(1.0, -1024.0), (2.0, -1000.0), (1.0, 0.0), (3.0, 5.0)]
    frames = [
        frame_groups(
            (0, 0, 2.0 * i),
            PixelValueTransformationSequence={
                "RescaleSlope": slope,
                "RescaleIntercept": intercept,
                "RescaleType": "HU",
            },
        )
        for i, (slope, intercept) in enumerate(rescales)
    ]
    path = write_enhanced(
        tmp_path / "a.dcm",
        stored,
        frames,
        SOPClassUID=EnhancedCTImageStorage,
        SharedFunctionalGroupsSequence=shared_groups(),
    )
    scan = read_one(path)
    expected = np.stack(
        [slope * frame.astype(int) + intercept for frame, (slope, intercept) in zip(stored, rescales, strict=True)]
    )
    assert np.array_equal(scan.voxels, expected)
    assert scan.units == "HU"


def test_item_09_ct_without_rescale_is_flagged_and_not_assumed(tmp_path):
    stored = noise(3, 4, 4)
    write_series(tmp_path, stored, RescaleSlope=None, RescaleIntercept=None)
    scan = read_one(tmp_path)
    assert codes(scan) == [WarningCode.VALUES_RESCALE_MISSING]
    assert scan.units == "stored"
    assert np.array_equal(scan.voxels, stored)


@pytest.mark.parametrize("slope", ["nan", "inf", "0", ""])
def test_item_09_a_slope_that_is_no_number_is_not_used(tmp_path, slope):
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    try:
        write_series(tmp_path, noise(3, 4, 4), RescaleSlope=None)
        for path in tmp_path.iterdir():
            dataset = pydicom.dcmread(path)
            element = pydicom.dataelem.RawDataElement(
                pydicom.tag.Tag("RescaleSlope"), "DS", len(slope), slope.encode(), 0, False, True
            )
            dataset[pydicom.tag.Tag("RescaleSlope")] = element
            dataset.save_as(path)
    finally:
        pydicom.config.settings.writing_validation_mode = None
    scan = read_one(tmp_path)
    assert np.isfinite(scan.voxels).all()
    assert "slope is missing" in message(scan, WarningCode.VALUES_RESCALE_MISSING)
