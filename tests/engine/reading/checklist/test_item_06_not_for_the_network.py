"""Checklist item 6: what is no scan to be diagnosed is listed, left out by default with the reason, and overrulable."""

from __future__ import annotations

import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from raddiag_engine.cases import WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case, read_file
from tests.engine.reading.checklist.scans import codes, read_one
from tests.engine.reading.dicom_files import noise, write_series, write_slice

STORAGE = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    ("attributes", "code", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SeriesDescription": "AAHead_Scout_MPR_sag"}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SeriesDescription": "3 plane loc", "Modality": "MR"}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SeriesDescription": "PreMonitoring"}, WarningCode.CONTENT_LOCALIZER, "localizer"),
        ({"SeriesDescription": "Dose Report"}, WarningCode.CONTENT_NOT_AN_IMAGE, "dose report"),
        ({"SeriesDescription": "Patient Protocol"}, WarningCode.CONTENT_NOT_AN_IMAGE, "dose report"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, WarningCode.CONTENT_NOT_AN_IMAGE, "saved screen"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, WarningCode.CONTENT_NOT_AN_IMAGE, "secondary capture"),
        ({"SOPClassUID": STORAGE + "481.1"}, WarningCode.CONTENT_NOT_AN_IMAGE, "radiotherapy image"),
        ({"SOPClassUID": STORAGE + "481.2"}, WarningCode.CONTENT_NOT_AN_IMAGE, "dose grid"),
        ({"PresentationIntentType": "FOR PROCESSING"}, WarningCode.CONTENT_NOT_FOR_PRESENTATION, "FOR PROCESSING"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, WarningCode.CONTENT_MOSAIC, "mosaic"),
    ],
)
def test_item_06_it_is_listed_with_the_reason_and_can_be_overruled(tmp_path, attributes, code, reason):
    write_series(tmp_path, noise(4, 4, 4), **attributes)
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert not scan.usable
    assert reason in scan.reason
    assert code in codes(scan)
    assert case.used == ()
    overruled = case.using(frozenset({scan.id}))
    assert overruled.used == (scan,)
    assert overruled.overridden == {scan.id}
    assert overruled.hash != case.hash


@pytest.mark.parametrize(
    "attributes",
    [
        {"SeriesDescription": "Scanogram legs", "Modality": "CR"},
        {"SeriesDescription": "Bone survey", "Modality": "DX"},
        {"SeriesDescription": "Locoregional lymph nodes"},
        {"SeriesDescription": "T2 velocity"},
    ],
)
def test_item_06_scans_to_be_diagnosed_are_not_left_out_for_a_word(tmp_path, attributes):
    assert read_one(write_slice(tmp_path / "a.dcm", noise(4, 4), **attributes)).usable


@pytest.mark.parametrize(
    ("sop_class", "name"),
    [
        ("88.11", "Basic Text SR"),
        ("88.67", "X-Ray Radiation Dose SR"),
        ("11.1", "Grayscale Softcopy Presentation State"),
        ("88.59", "Key Object Selection Document"),
        ("104.1", "Encapsulated PDF"),
        ("481.3", "RT Structure Set"),
        ("481.5", "RT Plan"),
    ],
)
def test_item_06_objects_without_an_image_are_skipped_by_name(tmp_path, sop_class, name):
    path = write_slice(tmp_path / "a.dcm", noise(2, 2), SOPClassUID=STORAGE + sop_class, Rows=None, Columns=None)
    with pytest.raises(ReadError, match=rf"holds no image \({name}\)"):
        read_file(path)
