"""What the Basic Profile of PS3.15 names is gone, wherever it stands; the picture is as it was."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from raddiag_engine import reading
from raddiag_engine.deidentification import allowed_attributes
from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.deidentification.dicom_file import copy_dicom
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from tests.engine.deidentification.profile_attributes import ATTRIBUTES
from tests.engine.reading.dicom_files import noise, write_series, write_slice
from tests.shared_data import shared_data

SECRET = "SECRETWORD"
DATE, TIME = "19990403", "071605.125"
UID_OF_ORIGINAL = "1.2.276.0.7230010.99.1"
PSEUDONYMS = Pseudonyms(b"salt of this test")
# Elements that are in the standard's table and must be in an image: what stands in them instead is looked at below.
REPLACED = {"PatientName", "PatientID", "ContrastBolusAgent"}


def secret_value(vr: str) -> object:
    """A value that gives somebody away, of a VR."""
    match vr:
        case "DA":
            return DATE
        case "TM":
            return TIME
        case "DT":
            return DATE + TIME
        case "UI":
            return UID_OF_ORIGINAL
        case "AS":
            return "042Y"
        case "CS" | "AE" | "SH" | "LO" | "PN" | "LT" | "ST" | "UT" | "UC" | "UR":
            return SECRET
        case "DS" | "IS":
            return "77"
        case "OB" | "OW" | "UN":
            return SECRET.encode()
        case "FD" | "FL":
            return 77.0
        case _:
            return 77


def add_all(dataset: Dataset, depth: int = 1) -> None:
    """Every attribute of the table that the dictionary knows, with a secret in it; sequences hold them again."""
    for number in sorted(ATTRIBUTES):
        tag = Tag(number)
        if not dictionary_has_tag(tag) or tag.group in (0x0000, 0x0002, 0xFFFA, 0xFFFC):
            continue
        if dictionary_VR(tag) == "SQ":
            if depth:
                item = Dataset()
                add_all(item, depth - 1)
                dataset.add(DataElement(tag, "SQ", Sequence([item])))
        elif tag not in dataset or dictionary_VR(tag) != "UI":
            vr = dictionary_VR(tag).split(" or ")[0]
            dataset.add(DataElement(tag, vr, secret_value(vr)))


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A CT slice that carries all of it, at the top, in sequences that stay, private, and in overlays and curves."""
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "original.dcm", noise(16, 16), BodyPartExamined="CHEST", Modality="CT")
    dataset = pydicom.dcmread(path)
    add_all(dataset)
    dataset.SeriesDescription = f"CT chest axial of {SECRET}"
    dataset.OtherPatientNames = "Doe^Jane"
    group, anatomy, content, nested = Dataset(), Dataset(), Dataset(), Dataset()
    add_all(nested, 0)
    add_all(content, 0)
    content.StackID = "1"
    anatomy.AnatomicRegionSequence = [nested]
    group.FrameContentSequence, group.FrameAnatomySequence = [content], [anatomy]
    dataset.SharedFunctionalGroupsSequence = [group]
    block = dataset.private_block(0x0019, "SECRET CREATOR", create=True)
    block.add_new(0x01, "LO", SECRET)
    dataset.add_new((0x6000, 0x3000), "OB", SECRET.encode())
    dataset.add_new((0x6000, 0x0010), "US", 2)
    dataset.add_new((0x6000, 0x0022), "LO", SECRET)
    dataset.add_new((0x5000, 0x0022), "LO", SECRET)
    dataset.add_new((0xFFFC, 0xFFFC), "OB", SECRET.encode())
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    dataset.file_meta.PrivateInformationCreatorUID = UID_OF_ORIGINAL
    dataset.file_meta.PrivateInformation = SECRET.encode()
    dataset.preamble = SECRET.encode().ljust(128)
    dataset.save_as(path, enforce_file_format=True)
    return path


def copied(path: Path, **choices: object) -> pydicom.FileDataset:
    output = path.parent.parent / "out"
    return pydicom.dcmread(copy_dicom(path, output, PSEUDONYMS, Choices(**choices)).path)


def elements(dataset: Dataset):
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)


def test_the_original_holds_nearly_all_of_the_table(original):
    tags = {int(element.tag) for element in elements(pydicom.dcmread(original))}
    known = {tag for tag in ATTRIBUTES if dictionary_has_tag(tag) and tag >> 16 not in (0, 2, 0xFFFA, 0xFFFC)}
    assert known <= tags
    assert len(known) > 500


def test_every_attribute_of_the_profile_is_gone_or_replaced(original):
    before = pydicom.dcmread(original)
    for element in elements(copied(original)):
        if int(element.tag) not in ATTRIBUTES or element.is_empty:
            continue
        keyword = dictionary_keyword(element.tag)
        assert keyword in REPLACED or element.VR in ("UI", "DA", "TM", "DT") or keyword in allowed_attributes.WORDS_ONLY
        assert str(element.value) != str(before.get(keyword)), keyword
        if element.VR == "UI":
            assert str(element.value).startswith("2.25."), keyword


def test_no_byte_of_the_copy_gives_anybody_away(original):
    copied(original)
    ((path),) = (original.parent.parent / "out").rglob("*.dcm")
    content = path.read_bytes()
    for secret in (SECRET, DATE, TIME, UID_OF_ORIGINAL, "042Y", "Doe", "Jane", "Test^", "SECRET"):
        assert secret.encode() not in content, secret
    assert content[:128] == bytes(128)
    assert SECRET not in str(path)


def test_private_overlay_and_curve_groups_are_gone(original):
    for element in elements(copied(original)):
        assert not element.tag.is_private
        assert element.tag.group & 0xFF00 not in (0x5000, 0x6000)


def test_the_copy_says_what_was_done(original):
    copy = copied(original)
    assert copy.PatientIdentityRemoved == "YES"
    assert "napari-raddiag" in copy.DeidentificationMethod
    assert [code.CodeValue for code in copy.DeidentificationMethodCodeSequence] == ["113100", "113105", "113107"]
    assert copy.LongitudinalTemporalInformationModified == "MODIFIED"
    assert copy.PatientName == copy.PatientID
    assert str(copy.PatientName).startswith("patient-")
    assert copy.SeriesDescription == "CT CHEST AXIAL"
    assert copy.BodyPartExamined == "CHEST"
    assert copy.ContrastBolusAgent == "CONTRAST"
    for keyword in ("PatientBirthDate", "PatientSex", "AccessionNumber", "ReferringPhysicianName", "StudyID"):
        assert copy[keyword].is_empty


def test_pydicom_finds_nothing_wrong_with_the_copy(original):
    copied(original)
    ((path),) = (original.parent.parent / "out").rglob("*.dcm")
    assert pydicom.config.settings.reading_validation_mode is not None
    mode = pydicom.config.settings.reading_validation_mode
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    try:
        copy = pydicom.dcmread(path)
        assert len(list(elements(copy))) > 40
    finally:
        pydicom.config.settings.reading_validation_mode = mode
    pydicom.dataset.validate_file_meta(copy.file_meta, enforce_standard=True)
    assert copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID
    assert {element.keyword for element in copy.file_meta} == {
        "FileMetaInformationGroupLength",
        "FileMetaInformationVersion",
        "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID",
        "TransferSyntaxUID",
        "ImplementationClassUID",
        "ImplementationVersionName",
    }


def test_pixels_are_the_same_bytes(original):
    assert copied(original).PixelData == pydicom.dcmread(original).PixelData


def test_what_lies_behind_the_pixels_is_cut_off(tmp_path):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "a.dcm", noise(8, 8))
    dataset = pydicom.dcmread(path)
    stored = dataset.PixelData
    dataset.PixelData = stored + SECRET.encode()
    dataset.save_as(path)
    assert copied(path).PixelData == stored


def test_an_element_whose_type_is_not_the_dictionary_s_is_dropped(tmp_path):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "a.dcm", noise(8, 8))
    dataset = pydicom.dcmread(path)
    dataset.add(DataElement("SliceThickness", "LO", "MARY-ANN"))
    dataset.add(DataElement("KVP", "DS", "120"))
    dataset.add(DataElement("ConvolutionKernel", "SH", "Test B30f"))
    dataset.add(DataElement("ScanOptions", "CS", "HELICAL"))
    dataset.save_as(path)
    copy = copied(path)
    assert "SliceThickness" not in copy
    assert "ConvolutionKernel" not in copy, "the patient is called Test"
    assert copy.KVP == 120
    assert copy.ScanOptions == "HELICAL"


def test_codes_that_a_hospital_made_up_are_dropped(tmp_path):
    (tmp_path / "in").mkdir()
    ours, theirs = Dataset(), Dataset()
    ours.CodeValue, ours.CodingSchemeDesignator, ours.CodeMeaning = "51185008", "SCT", "Thorax"
    theirs.CodeValue, theirs.CodingSchemeDesignator, theirs.CodeMeaning = "7", "99CLINIC", "Dr Watson's chest"
    path = write_slice(tmp_path / "in" / "a.dcm", noise(8, 8), AnatomicRegionSequence=[ours, theirs])
    ((item),) = copied(path).AnatomicRegionSequence
    assert item.CodeMeaning == "Thorax"


def test_a_name_in_the_vocabulary_does_not_stay(tmp_path):
    (tmp_path / "in").mkdir()
    attributes = {"PatientName": "Hand^Foot", "SeriesDescription": "Hand Foot chest", "BodyPartExamined": "FOOT"}
    copy = copied(write_slice(tmp_path / "in" / "a.dcm", noise(8, 8), **attributes))
    assert copy.SeriesDescription == "CHEST"
    assert "BodyPartExamined" not in copy


def test_weight_stays_in_pet_alone_and_is_said(tmp_path):
    (tmp_path / "in").mkdir()
    for number, modality in enumerate(("CT", "PT")):
        path = write_slice(tmp_path / "in" / f"{modality}.dcm", noise(8, 8), Modality=modality, PatientWeight="71.5")
        copy = copied(path)
        assert ("PatientWeight" in copy) == bool(number)
        codes = [code.CodeValue for code in copy.DeidentificationMethodCodeSequence]
        assert ("113108" in codes) == bool(number)


def test_an_overlay_inside_the_pixels_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "a.dcm", noise(8, 8))
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0102), "US", 12)
    dataset.save_as(path)
    with pytest.raises(ReadError, match="overlay"):
        copied(path)
    assert not list((tmp_path / "out").rglob("*.dcm"))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "segmentation"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, "mosaic"),
        ({"Rows": 0}, "holds no image"),
    ],
)
def test_what_cannot_be_copied_truly_is_refused(tmp_path, attributes, reason):
    (tmp_path / "in").mkdir()
    with pytest.raises(ReadError, match=reason):
        copied(write_slice(tmp_path / "in" / "a.dcm", noise(8, 8), **attributes))


def test_uids_that_are_missing_are_made(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(2):
        path = write_slice(tmp_path / "in" / f"{number}.dcm", noise(8, 8, seed=number), SeriesInstanceUID=None)
        dataset = pydicom.dcmread(path)
        del dataset.SOPInstanceUID
        dataset.save_as(path)
        copied(path)
    copies = [pydicom.dcmread(path) for path in (tmp_path / "out").rglob("*.dcm")]
    assert len({copy.SOPInstanceUID for copy in copies}) == 2
    assert len({copy.SeriesInstanceUID for copy in copies}) == 1


def test_two_files_with_one_uid_are_both_kept(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(2):
        copied(write_slice(tmp_path / "in" / f"{number}.dcm", noise(8, 8, seed=number), SOPInstanceUID="1.2.3"))
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 2


def test_a_series_stays_a_series_and_reads_the_same(tmp_path):
    attributes = {
        "FrameOfReferenceUID": "1.2.3.77",
        "WindowCenter": 40,
        "WindowWidth": 400,
        "BodyPartExamined": "CHEST",
    }
    write_series(tmp_path / "in", noise(6, 16, 16), SliceThickness=2.5, StudyDate="20200229", **attributes)
    for path in sorted((tmp_path / "in").iterdir()):
        copy_dicom(path, tmp_path / "out", PSEUDONYMS, Choices())
    (before,) = read_case([tmp_path / "in"], guarded=False).scans
    (after,) = read_case([tmp_path / "out"], guarded=False).scans
    assert len(after.sources) == 6
    assert (after.voxels == before.voxels).all()
    assert np.array_equal(after.affine, before.affine)
    assert after.content_hash == before.content_hash
    assert after.modality == before.modality
    assert after.anatomy == before.anatomy
    assert after.frame_of_reference not in ("", before.frame_of_reference)
    assert after.series_date != before.series_date


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"SeriesDescription": "Scout of Mr Smith"}, "usable"),
        ({"Modality": "RF", "StudyDescription": "Barium enema of Mr Smith"}, "modality"),
        ({"Modality": "XA", "SeriesDescription": "DSA left"}, "modality"),
        ({"StudyDescription": "MRI L-Spine (Smith)", "Modality": "MR"}, "anatomy"),
        ({"Modality": "DX", "ViewPosition": "PA", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1"}, "plane"),
    ],
)
def test_what_the_readers_make_of_descriptions_stays(tmp_path, attributes, field):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "a.dcm", noise(8, 8), PatientName="Smith^Adam", **attributes)
    copied(path)
    (before,), (after,) = (read_case([tmp_path / name], guarded=False).scans for name in ("in", "out"))
    assert getattr(after, field) == getattr(before, field)
    assert str(getattr(after, field)) != "unknown"


def test_every_attribute_that_the_readers_ask_for_may_stay_or_names_somebody():
    """A reader that asks for a new attribute must say here whether a copy keeps it."""
    identity = {"PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex"}
    about_files = {"TransferSyntaxUID", "MediaStorageSOPClassUID", "DirectoryRecordSequence", "ReferencedFileID"}
    asked = set()
    for module in (Path(reading.__file__).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if (
                isinstance(node, ast.Constant)
                and node.value
                and isinstance(node.value, str)
                and tag_for_keyword(node.value)
            ):
                asked.add(node.value)
    kept = allowed_attributes.ALLOWED | allowed_attributes.ALLOWED_IN_PET
    assert len(asked) > 60
    assert asked - kept - identity - about_files - NOT_KEPT == set()


# Asked for to tell what is wrong with a file, or words in the readers' own sense.
NOT_KEPT = {"Arbitrary", "Time", "Date", "Reason", "Units"}


@pytest.mark.parametrize("name", ["pydicom_data", "wg04", "enhanced_mr"])
def test_real_files_read_the_same_before_and_after(tmp_path, name):
    compared = 0
    for path in sorted(shared_data("dicom", name).iterdir())[::2]:
        output = tmp_path / str(compared)
        try:
            copy = copy_dicom(path, output, PSEUDONYMS, Choices(allow_burned_in=True))
            before = read_case([path], guarded=False).scans
        except ReadError:
            continue
        for one, other in zip(before, read_case([copy.path], guarded=False).scans, strict=True):
            assert other.voxels.dtype == one.voxels.dtype, path.name
            assert np.array_equal(other.voxels, one.voxels, equal_nan=one.voxels.dtype.kind == "f"), path.name
            assert (one.affine is None) == (other.affine is None)
            assert one.affine is None or np.array_equal(other.affine, one.affine), path.name
            for field in ("kind", "modality", "anatomy", "plane", "units", "inverted", "padding", "usable"):
                assert getattr(other, field) == getattr(one, field), (path.name, field)
            windows = [[(w.center, w.width, w.function) for w in scan.windows] for scan in (one, other)]
            assert windows[0] == windows[1], path.name
            compared += 1
    assert compared > {"pydicom_data": 25, "wg04": 15, "enhanced_mr": 1}[name]


@pytest.mark.parametrize("kept_bytes", [200, 600, 1500, -100])
def test_a_damaged_file_leaves_nothing_half_written(tmp_path, kept_bytes):
    (tmp_path / "in").mkdir()
    path = write_slice(tmp_path / "in" / "a.dcm", noise(32, 32))
    path.write_bytes(path.read_bytes()[:kept_bytes])
    with pytest.raises(ReadError):
        copied(path)
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
