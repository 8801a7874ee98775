"""Places in a header and among the pixels where somebody's name may stand unseen."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.deidentification.dicom_file import copy_dicom
from raddiag_engine.deidentification.identifying_words import words_of
from raddiag_engine.deidentification.nifti_file import copy_nifti
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.deidentification.run import copy_files
from raddiag_engine.deidentification.shown_path import shown_path
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from tests.engine.reading.dicom_files import noise, write_slice

PSEUDONYMS = Pseudonyms(b"salt of this test")
PATIENT = {"PatientName": "Mary^Kowalska", "PatientID": "77431"}


def written(path: Path, **attributes: object) -> Path:
    return write_slice(path, noise(8, 8), **{**PATIENT, **attributes})


def copied(path: Path) -> pydicom.FileDataset:
    return pydicom.dcmread(copy_dicom(path, path.parent / "out", PSEUDONYMS, Choices()).path)


@pytest.mark.parametrize(
    ("attributes", "keyword", "left"),
    [
        ({"RescaleType": "Dr Watson 1970"}, "RescaleType", "UNSPECIFIED"),
        ({"RescaleType": "HU"}, "RescaleType", "HU"),
        ({"ViewPosition": "WATSON JOHN"}, "ViewPosition", None),
        ({"ViewPosition": "LL"}, "ViewPosition", "LL"),
        ({"PatientOrientation": ["A", "WATSON"]}, "PatientOrientation", None),
        ({"PatientOrientation": ["A", "F"]}, "PatientOrientation", ["A", "F"]),
        ({"CodingSchemeDesignator": "WATSON"}, "CodingSchemeDesignator", None),
        ({"CodeMeaning": "seen by Watson"}, "CodeMeaning", None),
        ({"StackID": "KowalskaM"}, "StackID", None),
        ({"SequenceName": "MARYKOWALSKA"}, "SequenceName", None),
        ({"SequenceName": "tfl3d1"}, "SequenceName", "tfl3d1"),
        # PRIMARY holds MARY, and is a term all the same.
        ({}, "ImageType", ["ORIGINAL", "PRIMARY", "AXIAL"]),
    ],
)
def test_a_value_that_is_no_term_does_not_stay(tmp_path, attributes, keyword, left):
    value = copied(written(tmp_path / "a.dcm", **attributes)).get(keyword)
    assert (list(value) if isinstance(left, list) else value) == left


def test_values_in_an_unknown_unit_do_not_become_hounsfield_units(tmp_path):
    path = written(tmp_path / "a.dcm", RescaleType="Strange Unit")
    (scan,) = read_file(copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices()).path)
    assert scan.units == "UNSPECIFIED"


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID"])
def test_a_uid_under_the_root_of_the_standard_is_replaced_too(tmp_path, keyword):
    copy = copied(written(tmp_path / "a.dcm", **{keyword: "1.2.840.10008.77431.19700203"}))
    assert copy[keyword].value.startswith("2.25.")


def test_a_class_that_is_not_of_the_standard_is_refused(tmp_path):
    path = written(tmp_path / "a.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.2.19700203")
    with pytest.raises(ReadError, match="SOPClassUID"):
        copied(path)


def test_bits_that_are_no_part_of_a_value_are_cleared(tmp_path):
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 50
    bits = {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0}
    path = write_slice(tmp_path / "a.dcm", values | np.uint16(0xA000), **bits)
    assert np.array_equal(np.frombuffer(copied(path).PixelData, "<u2"), values.ravel())


@pytest.mark.parametrize("high_bit", [11, 15])
def test_bits_above_signed_values_repeat_the_sign(tmp_path, high_bit):
    values = (np.arange(64, dtype=np.int16).reshape(8, 8) - 32) * 50
    below = high_bit - 11
    stored = (values.view(np.uint16) << below) & np.uint16((0xFFF << below) & 0xFFFF)
    dirty = stored | np.uint16(0x5000 if below == 0 else 0x5)
    path = write_slice(tmp_path / "a.dcm", dirty, BitsStored=12, HighBit=high_bit, PixelRepresentation=1)
    (before,), (after,) = read_file(path), read_file(copy_dicom(path, tmp_path / "o", PSEUDONYMS, Choices()).path)
    assert np.array_equal(before.voxels, after.voxels)
    assert np.array_equal(np.frombuffer(copied(path).PixelData, "<i2") >> below, values.ravel())


def test_an_overlay_in_the_lowest_bit_of_the_pixels_is_refused(tmp_path):
    path = written(tmp_path / "a.dcm")
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0100), "US", 16)
    dataset.add_new((0x6000, 0x0102), "US", 0)
    dataset.save_as(path)
    with pytest.raises(ReadError, match="overlay"):
        copied(path)


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("Kowalska^Mary", "KowalskaM/MARY-1.dcm", "…/…-1.dcm"),
        ("Müller^Eva", unicodedata.normalize("NFD", "Müller/a.dcm"), "…/a.dcm"),
        ("Müller^Eva", "Muller/a.dcm", "…/a.dcm"),
        ("Li^Bo", "series/Li.dcm", "series/….dcm"),
    ],
)
def test_a_path_is_shown_without_names_however_they_are_written(name, path, shown):
    assert shown_path(Path(path), words_of(name)) == shown


def test_a_name_that_only_a_later_file_tells_is_not_shown(tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir(), output.mkdir()
    report_file = source / "A KowalskaMary 19700203.pdf"
    report_file.write_bytes(b"%PDF-1.7")
    scan = written(source / "b.dcm", PatientBirthDate="19700203")
    report = copy_files([report_file, scan], source, output, Choices())
    assert [line.shown for line in report.refused] == ["A … ….pdf"]
    assert report.written.total() == 1


def test_a_value_that_is_no_number_is_not_quoted(tmp_path):
    path = written(tmp_path / "a.dcm", NumberOfFrames=12345678)
    path.write_bytes(path.read_bytes().replace(b"12345678", b"Kowalska"))
    with pytest.raises(ReadError) as caught:
        copied(path)
    assert "Kowalska" not in caught.value.reason
    assert "convert" in caught.value.reason


def test_a_whole_body_has_a_face(tmp_path):
    whole = copy_dicom(written(tmp_path / "a.dcm", BodyPartExamined="WHOLEBODY"), tmp_path / "o", PSEUDONYMS, Choices())
    chest = copy_dicom(written(tmp_path / "b.dcm", BodyPartExamined="CHEST"), tmp_path / "o", PSEUDONYMS, Choices())
    assert (whole.slices, chest.slices) == (1, 0)


@pytest.mark.parametrize(
    "attributes",
    [{"Modality": "DX", "PhotometricInterpretation": "PALETTE COLOR"}, {"PhotometricInterpretation": "PALETTE COLOR"}],
)
def test_a_picture_in_palette_colour_seems_to_show_a_screen(tmp_path, attributes):
    with pytest.raises(ReadError, match="colour picture"):
        copied(written(tmp_path / "a.dcm", **attributes))


def test_the_unused_text_of_nifti_2_is_gone(tmp_path):
    image = nibabel.Nifti2Image(np.zeros((2, 3, 4), np.int16), np.eye(4))
    image.header["unused_str"] = b"Kowalska"
    nibabel.save(image, tmp_path / "a.nii")
    assert b"Kowalska" in (tmp_path / "a.nii").read_bytes()
    copy_nifti(tmp_path / "a.nii", tmp_path / "copy")
    assert b"Kowalska" not in (tmp_path / "copy.nii").read_bytes()
