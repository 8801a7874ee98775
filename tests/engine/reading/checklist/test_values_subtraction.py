"""Values: DSA with its mask subtracted; the unsubtracted run is kept."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import XRayAngiographicImageStorage

from raddiag_engine.cases import Modality, WarningCode
from tests.engine.reading.checklist.scans import message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_slice
from tests.engine.reading.enhanced_files import item

RUN = (noise(6, 8, 7) + 3000).astype(np.uint16)


def run(path, mask, **attributes):
    defaults = {
        "SOPClassUID": XRayAngiographicImageStorage,
        "Modality": "XA",
        "NumberOfFrames": 6,
        "Rows": 8,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "PixelIntensityRelationship": "LOG",
        "FrameTime": 250,
        "WindowCenter": 3000,
        "WindowWidth": 2000,
    }
    return write_slice(path, RUN.reshape(48, 7), **{**defaults, **attributes}, MaskSubtractionSequence=[item(**mask)])


def test_values_the_mean_of_the_mask_frames_is_subtracted(tmp_path):
    mask = {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1, 2], "ApplicableFrameRange": [3, 6]}
    copy, original = read_all(run(tmp_path / "a.dcm", mask))
    expected = RUN[2:].astype(np.float64) - RUN[:2].astype(np.float64).mean(axis=0)
    assert np.allclose(copy.voxels, expected)
    assert (copy.kind, copy.modality, copy.usable, copy.frame_time_ms) == ("cine", Modality.DSA, True, 250)
    assert copy.windows == ()
    assert "mask of the header subtracted" in message(copy, WarningCode.VALUES_SUBTRACTED)
    assert np.array_equal(original.voxels, RUN)
    assert not original.usable
    assert "its mask is not subtracted" in original.reason


def test_values_proportional_to_the_beam_are_subtracted_as_logarithms(tmp_path):
    mask = {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1}
    copy, _ = read_all(run(tmp_path / "a.dcm", mask, PixelIntensityRelationship="LIN"))
    assert np.allclose(copy.voxels, np.log(RUN + 1.0) - np.log(RUN[0] + 1.0), atol=1e-5)


def test_values_a_mask_at_a_time_interval(tmp_path):
    copy, _ = read_all(run(tmp_path / "a.dcm", {"MaskOperation": "TID", "TIDOffset": 2}))
    assert np.allclose(copy.voxels, RUN[2:].astype(float) - RUN[:4])


def test_values_a_mask_at_a_reversed_time_interval(tmp_path):
    """PS3.3 C.7.6.10.1: mask = (first contrast frame - offset) - (contrast frame - first contrast frame)."""
    mask = {"MaskOperation": "REV_TID", "TIDOffset": 1, "ApplicableFrameRange": [4, 6]}
    copy, _ = read_all(run(tmp_path / "a.dcm", mask))
    assert np.allclose(copy.voxels, RUN[[3, 4, 5]].astype(float) - RUN[[2, 1, 0]])


def test_values_a_reversed_interval_counts_from_the_first_of_several_ranges(tmp_path):
    mask = {"MaskOperation": "REV_TID", "TIDOffset": 1, "ApplicableFrameRange": [3, 3, 5, 6]}
    copy, _ = read_all(run(tmp_path / "a.dcm", mask))
    # Frame 3 less 2; 5 would be less 0 and 6 less -1, which are not there.
    assert np.allclose(copy.voxels, RUN[2].astype(float) - RUN[1])
    assert copy.kind == "image"


def test_values_contrast_frames_are_averaged_where_the_header_says_so(tmp_path):
    mask = {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1], "ContrastFrameAveraging": 2}
    copy, _ = read_all(run(tmp_path / "a.dcm", mask))
    expected = (RUN[:-1].astype(float) + RUN[1:]) / 2 - RUN[0]
    assert np.allclose(copy.voxels, expected)


def test_values_of_several_masks_the_first_is_used_and_that_is_said(tmp_path):
    path = run(tmp_path / "a.dcm", {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1})
    dataset = pydicom.dcmread(path)
    dataset.MaskSubtractionSequence.append(item(MaskOperation="AVG_SUB", MaskFrameNumbers=2))
    dataset.save_as(path)
    copy, _ = read_all(path)
    assert np.allclose(copy.voxels, RUN.astype(float) - RUN[0])
    assert "first of 2 masks" in message(copy, WarningCode.VALUES_SUBTRACTED)


@pytest.mark.parametrize(
    ("mask", "why"),
    [
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": [9]}, "does not hold"),
        ({"MaskOperation": "AVG_SUB"}, "does not hold"),
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1, "ApplicableFrameRange": [8, 9]}, "does not hold"),
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1, "MaskSubPixelShift": [0.5, 0]}, "parts of a pixel"),
        ({"MaskOperation": "REV_TID"}, "needs a range"),
        ({"MaskOperation": "NONE"}, "NONE is not done"),
        ({"MaskOperation": "TID", "TIDOffset": 7}, "no frame has a mask frame"),
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1, "ContrastFrameAveraging": 7}, "does not hold"),
    ],
)
def test_values_what_cannot_be_subtracted_is_said_and_left(tmp_path, mask, why):
    scan = read_one(run(tmp_path / "a.dcm", mask))
    assert np.array_equal(scan.voxels, RUN)
    assert why in message(scan, WarningCode.VALUES_SUBTRACTED)
