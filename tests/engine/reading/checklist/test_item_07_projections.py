"""Checklist item 7: one or two slices are images; pixel size at the detector or in the patient; laterality and view."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, DigitalXRayImageStorageForPresentation

from raddiag_engine.cases import Modality, Plane, WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_series, write_slice
from tests.engine.reading.enhanced_files import item


def radiograph(path, **attributes):
    defaults = {
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "Modality": "DX",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "RescaleIntercept": 0,
        "PresentationIntentType": "FOR PRESENTATION",
    }
    return write_slice(path, noise(6, 5).astype(np.uint16), **{**defaults, **attributes})


@pytest.mark.parametrize("count", [1, 2])
def test_item_07_one_or_two_slices_are_images(tmp_path, count):
    write_series(tmp_path, noise(count, 4, 4))
    assert [scan.kind for scan in read_all(tmp_path)] == ["image"] * count


@pytest.mark.parametrize(
    ("attributes", "spacing", "doubt"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "at the detector"),
        ({"ImagerPixelSpacing": [0.2, 0.1], "PixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "at the detector"),
        ({"ImagerPixelSpacing": [0.2, 0.1], "PixelSpacing": [0.16, 0.08]}, (0.16, 0.08), None),
        (
            {
                "ImagerPixelSpacing": [0.2, 0.2],
                "PixelSpacing": [0.2, 0.2],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            (0.2, 0.2),
            None,
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.1], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.08),
            "magnification of 1.25",
        ),
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "does not say whether"),
        ({}, None, "does not say how large"),
    ],
)
def test_item_07_pixel_size_and_what_is_in_doubt_about_it(tmp_path, attributes, spacing, doubt):
    scan = read_one(radiograph(tmp_path / "a.dcm", **attributes))
    assert scan.spacing_mm == (pytest.approx(spacing) if spacing else None)
    if doubt is None:
        assert codes(scan) == []
    else:
        assert doubt in message(scan, WarningCode.GEOMETRY_UNKNOWN)


@pytest.mark.parametrize(
    ("attributes", "view", "plane"),
    [
        ({"ViewPosition": "PA"}, "PA", Plane.FRONTAL),
        ({"ViewPosition": "LL"}, "LL", Plane.LATERAL),
        ({"ViewCodeSequence": [item(CodeMeaning="antero-posterior")]}, "AP", Plane.FRONTAL),
        ({"ViewCodeSequence": [item(CodeMeaning="left lateral")]}, "LL", Plane.LATERAL),
        ({}, "", Plane.UNKNOWN),
    ],
)
def test_item_07_the_view_of_a_radiograph(tmp_path, attributes, view, plane):
    scan = read_one(radiograph(tmp_path / "a.dcm", **attributes))
    assert (scan.view, scan.plane) == (view, plane)


@pytest.mark.parametrize(
    ("attributes", "view", "side"),
    [
        ({"ViewPosition": "MLO", "ImageLaterality": "R"}, "MLO", "R"),
        ({"ViewCodeSequence": [item(CodeMeaning="cranio-caudal")], "Laterality": "L"}, "CC", "L"),
        ({"ViewCodeSequence": [item(CodeMeaning="medio-lateral oblique")], "ImageLaterality": "B"}, "MLO", "B"),
        ({"ImageLaterality": "?"}, "", ""),
    ],
)
def test_item_07_the_side_and_view_of_a_mammogram(tmp_path, attributes, view, side):
    kind = {"SOPClassUID": DigitalMammographyXRayImageStorageForPresentation, "Modality": "MG"}
    scan = read_one(radiograph(tmp_path / "a.dcm", **kind, **attributes))
    assert scan.modality is Modality.MAMMOGRAPHY
    assert scan.anatomy.value == "breast"
    assert (scan.view, scan.laterality) == (view, side)


@pytest.mark.parametrize(("letters", "expected"), [(["L", "F"], ("L", "F")), (["P", ""], None), (["X", "F"], None)])
def test_item_07_the_directions_of_rows_and_columns(tmp_path, letters, expected):
    assert read_one(radiograph(tmp_path / "a.dcm", PatientOrientation=letters)).patient_orientation == expected


@pytest.mark.parametrize(
    ("attributes", "used"),
    [
        ({"ContrastBolusAgent": "IOHEXOL"}, True),
        ({"ContrastBolusAgent": "NONE"}, False),
        ({"ContrastBolusAgentSequence": [item(CodeMeaning="Gadolinium")]}, True),
        ({}, None),
    ],
)
def test_item_07_contrast_agent_where_the_header_says_so(tmp_path, attributes, used):
    assert read_one(write_slice(tmp_path / "a.dcm", noise(4, 4), **attributes)).contrast_agent is used
