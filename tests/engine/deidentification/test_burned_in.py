"""Pictures into which words may be burned: refused by rule, blanked, or allowed."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, RLELossless

from raddiag_engine.deidentification.burned_in import why_words_are_likely
from raddiag_engine.deidentification.choices import Choices, Region
from raddiag_engine.deidentification.dicom_file import copy_dicom
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from raddiag_engine.reading.dicom.header import Header
from tests.engine.reading.dicom_files import noise, write_slice

ULTRASOUND, CAPTURE = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"
CT, CR, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.4"
PSEUDONYMS = Pseudonyms(b"salt of this test")


@pytest.mark.parametrize(
    ("is_likely", "attributes"),
    [
        (True, {"SOPClassUID": CT, "Modality": "CT", "BurnedInAnnotation": "YES"}),
        (True, {"SOPClassUID": ULTRASOUND, "Modality": "US"}),
        (False, {"SOPClassUID": ULTRASOUND, "Modality": "US", "BurnedInAnnotation": "NO"}),
        (True, {"SOPClassUID": CAPTURE, "Modality": "CT"}),
        (True, {"SOPClassUID": CAPTURE + ".4", "Modality": "MR"}),
        (True, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4", "Modality": "XC"}),
        (True, {"SOPClassUID": CR, "Modality": "CR", "ConversionType": "DF"}),
        (False, {"SOPClassUID": CR, "Modality": "CR"}),
        (False, {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}),
        (True, {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"]}),
        (True, {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}),
        (True, {"SOPClassUID": CT, "Modality": "CT", "SeriesDescription": "Dose Report"}),
        (True, {"SOPClassUID": MR, "Modality": "MR", "SamplesPerPixel": 3}),
        (False, {"SOPClassUID": MR, "Modality": "MR", "SamplesPerPixel": 1}),
        (True, {"SOPClassUID": "1.2.3"}),
    ],
)
def test_the_rule(is_likely, attributes):
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    assert (why_words_are_likely(Header(dataset)) is not None) == is_likely


def ultrasound(folder, stored, **attributes):
    folder.mkdir(exist_ok=True)
    return write_slice(folder / "us.dcm", stored, **{"Modality": "US", "SOPClassUID": ULTRASOUND, **attributes})


def test_refused_without_a_decision(tmp_path):
    path = ultrasound(tmp_path / "in", noise(16, 16))
    with pytest.raises(ReadError, match=r"--blank.*--allow-burned-in"):
        copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices())
    assert not (tmp_path / "out").exists()


def test_allowed_as_it_is(tmp_path):
    path = ultrasound(tmp_path / "in", noise(16, 16))
    copy = copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices(allow_burned_in=True))
    assert "allowed" in copy.note
    assert pydicom.dcmread(copy.path).PixelData == pydicom.dcmread(path).PixelData


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("kind", ["grey", "signed", "colour", "planar", "frames"])
def test_blanked_regions_are_dark_and_the_rest_is_as_it_was(tmp_path, syntax, kind):
    rng = np.random.default_rng(0)
    attributes = {}
    stored = rng.integers(5, 200, (64, 48), dtype=np.uint8)
    if kind == "signed":
        stored = rng.integers(-900, 900, (64, 48), dtype=np.int16)
    if kind in ("colour", "planar"):
        stored = rng.integers(5, 200, (64, 48, 3), dtype=np.uint8)
        attributes = {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    if kind == "planar":
        attributes["PlanarConfiguration"] = 1
    if kind == "frames":
        stored = rng.integers(5, 200, (3, 64, 48), dtype=np.uint8)
        attributes = {"NumberOfFrames": 3, "Rows": 64, "Columns": 48, "SamplesPerPixel": 1}
    if kind == "planar":
        path = ultrasound(tmp_path / "in", stored, **attributes)
        dataset = pydicom.dcmread(path)
        dataset.PixelData = stored.transpose(2, 0, 1).tobytes()
        dataset.save_as(path)
    else:
        path = ultrasound(tmp_path / "in", stored, **attributes)
    dataset = pydicom.dcmread(path)
    if syntax is not None and kind != "planar":
        if syntax == JPEG2000Lossless and kind == "signed":
            pytest.skip("the encoder at hand does not write signed values")
        dataset.compress(syntax, encoding_plugin="pydicom" if syntax == RLELossless else "")
        dataset.save_as(path)
    before = pydicom.dcmread(path).pixel_array
    choices = Choices((Region(0, 0, 3, 100), Region(10, 2, 4, 5)))
    copy = copy_dicom(path, tmp_path / "out", PSEUDONYMS, choices)
    written = pydicom.dcmread(copy.path)
    after = written.pixel_array
    rows_first = after.reshape(-1, *after.shape[1:]) if kind == "frames" else after[None]
    assert (rows_first[:, 0:3] == before.min()).all()
    assert (rows_first[:, 10:14, 2:7] == before.min()).all()
    expected = before.copy() if kind == "frames" else before[None].copy()
    expected[:, 0:3] = expected[:, 10:14, 2:7] = before.min()
    assert (rows_first == expected).all()
    assert written.BurnedInAnnotation == "NO"
    assert "113101" in [code.CodeValue for code in written.DeidentificationMethodCodeSequence]
    assert not written.file_meta.TransferSyntaxUID.is_compressed


def test_a_region_outside_the_picture_is_refused(tmp_path):
    path = ultrasound(tmp_path / "in", noise(16, 16))
    with pytest.raises(ReadError, match="outside"):
        copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices((Region(20, 0, 5, 5),)))


def test_regions_touch_no_picture_without_words(tmp_path):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "ct.dcm", noise(16, 16))
    copy = copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices((Region(0, 0, 5, 5),)))
    assert pydicom.dcmread(copy.path).PixelData == pydicom.dcmread(path).PixelData
    assert read_case([copy.path], guarded=False).scans
