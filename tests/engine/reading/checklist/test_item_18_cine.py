"""Checklist item 18: frames of US, XA and RF are time, not depth, with their frame time; burned-in text is flagged."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import (
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from raddiag_engine.cases import Modality, WarningCode
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import noise, write_series, write_slice

FILM = noise(6, 8, 7).astype(np.uint16)


def film(path, **attributes):
    defaults = {"SOPClassUID": XRayAngiographicImageStorage, "Modality": "XA", "NumberOfFrames": 6, "Rows": 8}
    defaults |= {"RescaleSlope": None, "RescaleIntercept": None}
    return write_slice(path, FILM.reshape(48, 7), **{**defaults, **attributes})


@pytest.mark.parametrize(
    ("sop_class", "modality", "expected"),
    [
        (UltrasoundMultiFrameImageStorage, "US", Modality.ULTRASOUND),
        (XRayAngiographicImageStorage, "XA", Modality.FLUOROSCOPY),
        (XRayRadiofluoroscopicImageStorage, "RF", Modality.FLUOROSCOPY),
    ],
)
def test_item_18_frames_are_time(tmp_path, sop_class, modality, expected):
    scan = read_one(film(tmp_path / "a.dcm", SOPClassUID=sop_class, Modality=modality))
    assert (scan.kind, scan.modality, scan.affine) == ("cine", expected, None)
    assert np.array_equal(scan.voxels, FILM)
    assert WarningCode.CONTENT_CINE in codes(scan)


@pytest.mark.parametrize(
    ("attributes", "milliseconds"),
    [
        ({"FrameTime": 33.3}, 33.3),
        ({"FrameTimeVector": [0, 40, 40, 40, 50, 40]}, 40.0),
        ({"CineRate": 25}, 40.0),
        ({"RecommendedDisplayFrameRate": 10}, 100.0),
        ({"FrameTime": 0}, None),
        ({}, None),
    ],
)
def test_item_18_the_frame_time(tmp_path, attributes, milliseconds):
    scan = read_one(film(tmp_path / "a.dcm", **attributes))
    assert scan.frame_time_ms == (None if milliseconds is None else pytest.approx(milliseconds))


def test_item_18_the_frame_time_of_single_images_with_trigger_times(tmp_path):
    own = {"Modality": "MR", "RescaleIntercept": 0}
    times = [0, 45, 90, 135, 180]
    write_series(tmp_path, noise(5, 4, 4), positions=[(0, 0, 0)] * 5, each=lambda i: {"TriggerTime": times[i]}, **own)
    scan = read_one(tmp_path)
    assert (scan.kind, scan.frame_time_ms) == ("cine", 45.0)


def test_item_18_burned_in_text_is_flagged(tmp_path):
    assert WarningCode.CONTENT_BURNED_IN in codes(read_one(film(tmp_path / "a.dcm", BurnedInAnnotation="YES")))
    assert WarningCode.CONTENT_BURNED_IN not in codes(read_one(film(tmp_path / "b.dcm", BurnedInAnnotation="NO")))


def test_item_18_slices_of_a_dose_grid_are_depth(tmp_path):
    path = film(tmp_path / "a.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2", Modality="RTDOSE")
    scan = read_one(path)
    assert (scan.kind, scan.usable) == ("volume", False)
