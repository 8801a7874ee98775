"""Slices of one series that disagree in what their values or places mean never become one volume without a word."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading import read_case
from tests.engine.reading.dicom_files import noise, write_series

PET_CLASS = "1.2.840.10008.5.1.4.1.1.128"


def read(folder, each, **attributes):
    write_series(folder, noise(12, 8, 8), each=each, **attributes)
    return read_case([folder]).scans


def first_four(keyword, one, other):
    return lambda index: {keyword: one if index < 4 else other}


@pytest.mark.parametrize(
    ("each", "attributes", "what"),
    [
        (first_four("PresentationLUTShape", "INVERSE", "IDENTITY"), {}, "presentation"),
        (first_four("PhotometricInterpretation", "MONOCHROME1", "MONOCHROME2"), {}, "colour"),
        (first_four("Modality", "MR", "CT"), {}, "modality"),
        (first_four("RescaleType", "MGML", "HU"), {}, "unit"),
        (first_four("Units", "CNTS", "BQML"), {"Modality": "PT", "SOPClassUID": PET_CLASS}, "unit"),
    ],
)
def test_two_kinds_of_values_are_two_scans(tmp_path, each, attributes, what):
    scans = read(tmp_path / "in", each, **attributes)
    assert sorted(len(scan.voxels) for scan in scans) == [4, 8]
    for scan in scans:
        (note,) = [w.message for w in scan.warnings if w.code is WarningCode.CONTENT_SPLIT]
        assert what in note


@pytest.mark.parametrize("shape", [None, "IDENTITY"])
def test_a_value_that_says_nothing_new_splits_nothing(tmp_path, shape):
    def each(index):
        return {"RescaleType": "HU", "PresentationLUTShape": shape} if index < 4 else {}

    (scan,) = read(tmp_path / "in", each)
    assert len(scan.voxels) == 12
    assert scan.units == "HU"


def test_a_slice_without_rescale_among_others_is_named(tmp_path):
    def each(index):
        return {"RescaleSlope": None, "RescaleIntercept": None} if index == 4 else {}

    (scan,) = read(tmp_path / "in", each)
    (warning,) = [w for w in scan.warnings if w.code is WarningCode.VALUES_RESCALE_MISSING]
    assert "slice 5," in warning.message
    stored = noise(12, 8, 8)
    assert np.array_equal(scan.voxels[4], stored[4])
    assert np.array_equal(scan.voxels[5], stored[5] - 1024)


def test_slices_in_two_frames_of_reference_are_doubted(tmp_path):
    (scan,) = read(tmp_path / "in", first_four("FrameOfReferenceUID", "1.2.3.1", "1.2.3.2"))
    assert any("frames of reference" in w.message for w in scan.warnings if w.code is WarningCode.GEOMETRY_UNKNOWN)


def uptake_scan(folder, each):
    tracer = Dataset()
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = "3.7e8", "6588"
    attributes = {
        "Modality": "PT",
        "SOPClassUID": PET_CLASS,
        "RescaleIntercept": 0,
        "Units": "BQML",
        "CorrectedImage": ["ATTN", "DECY"],
        "PatientWeight": "70",
        "DecayCorrection": "ADMIN",
        "RadiopharmaceuticalInformationSequence": [tracer],
    }
    (scan,) = read(folder, each, **attributes)
    return scan


@pytest.mark.parametrize(
    ("each", "what"),
    [
        (first_four("PatientWeight", "70", "7"), "weight"),
        (first_four("DecayCorrection", "ADMIN", "START"), "decay correction"),
        (first_four("RadiopharmaceuticalInformationSequence", [Dataset()], None), "tracer"),
    ],
)
def test_uptake_is_not_computed_from_one_of_two_answers(tmp_path, each, what):
    def given(index):
        return {keyword: value for keyword, value in each(index).items() if value is not None}

    scan = uptake_scan(tmp_path / "in", given)
    assert scan.units == "Bq/ml"
    assert any(what in w.message for w in scan.warnings if w.code is WarningCode.VALUES_NOT_SUV)


def test_uptake_is_computed_where_all_slices_agree(tmp_path):
    assert uptake_scan(tmp_path / "in", lambda index: {}).units == "SUVbw"


def test_slices_that_name_another_padding_are_said(tmp_path):
    def each(index):
        return {"PixelPaddingValue": -3000 if index in (2, 3) else -2000}

    (scan,) = read(tmp_path / "in", each, PixelRepresentation=1)
    (warning,) = [w for w in scan.warnings if w.code is WarningCode.VALUES_PADDING]
    assert warning.slices == (2, 3)
    assert "slice 3, slice 4" in warning.message


def test_slices_of_one_padding_are_not(tmp_path):
    (scan,) = read(tmp_path / "in", lambda index: {}, PixelPaddingValue=-2000, PixelRepresentation=1)
    assert scan.padding == (-3024, -3024)
    assert not scan.has_warning(WarningCode.VALUES_PADDING)
