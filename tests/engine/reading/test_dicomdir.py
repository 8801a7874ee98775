"""The DICOMDIR of a medium: its files are read, and nothing outside its folder is."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from tests.engine.reading.dicom_files import noise, write_series


def write_dicomdir(path: Path, file_ids: list[list[str] | str | None]) -> Path:
    """An index that names what it is told to, in so many records."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset = pydicom.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.FileSetID = "TEST"
    records = []
    for file_id in file_ids:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        if file_id is not None:
            with pydicom.config.disable_value_validation():
                record.ReferencedFileID = file_id
        records.append(record)
    dataset.DirectoryRecordSequence = records
    dataset.save_as(path, enforce_file_format=True)
    return path


def medium(folder: Path) -> Path:
    """A medium as pydicom writes it, with a file beside it that its index does not name."""
    files = write_series(
        folder / "source", noise(4, 8, 8), StudyDate="20200101", StudyTime="120000", StudyID="1", SeriesNumber=1
    )
    files_of = FileSet()
    for file in files:
        files_of.add(file)
    files_of.write(folder / "medium")
    write_series(folder / "medium" / "UNNAMED", noise(3, 8, 8, seed=1), SeriesInstanceUID="1.2.3.4")
    return folder / "medium"


@pytest.mark.parametrize("guarded", [True, False])
def test_an_index_stands_for_the_files_it_names(tmp_path, guarded):
    folder = medium(tmp_path)
    case = read_case([folder / "DICOMDIR"], guarded=guarded)
    (scan,) = case.scans
    assert (scan.voxels == noise(4, 8, 8).astype(int) - 1024).all()
    ((line),) = case.skipped
    assert line.path == folder / "DICOMDIR"
    assert "index of 4 other files" in line.reason
    assert "missing" not in line.reason


def test_in_a_folder_the_index_adds_nothing(tmp_path):
    folder = medium(tmp_path)
    case = read_case([folder])
    assert sorted(scan.voxels.shape for scan in case.scans) == [(3, 8, 8), (4, 8, 8)]
    assert len(case.skipped) == 1


def test_files_that_are_missing_are_said(tmp_path):
    folder = medium(tmp_path)
    missing = sorted(p for p in folder.rglob("*") if p.is_file() and "UNNAMED" not in str(p) and p.name != "DICOMDIR")[
        0
    ]
    missing.unlink()
    case = read_case([folder / "DICOMDIR"])
    assert case.scans[0].voxels.shape == (3, 8, 8)
    assert "1 of them are missing" in case.skipped[0].reason


@pytest.mark.parametrize(
    "file_id",
    [
        ["..", "secret.dcm"],
        "../secret.dcm",
        ["IMAGES", "..", "..", "secret.dcm"],
        "/secret.dcm",
        "{folder}/secret.dcm",
        ["{folder}", "secret.dcm"],
        "C:\\secret.dcm",
        ["C:", "secret.dcm"],
        "LINK",
        ["FOLDERLINK", "secret.dcm"],
    ],
    ids=str,
)
def test_nothing_outside_its_folder_is_read(tmp_path, file_id):
    (secret,) = write_series(tmp_path, noise(1, 8, 8, seed=9), SeriesInstanceUID="1.2.3.4")
    secret.rename(tmp_path / "secret.dcm")
    folder = tmp_path / "medium"
    (ok,) = write_series(folder / "IMAGES", noise(1, 8, 8))
    (folder / "LINK").symlink_to(tmp_path / "secret.dcm")
    (folder / "FOLDERLINK").symlink_to(tmp_path)
    filled = [part.replace("{folder}", str(tmp_path)) for part in ([file_id] if isinstance(file_id, str) else file_id)]
    index = write_dicomdir(folder / "DICOMDIR", [["IMAGES", ok.name], filled])
    case = read_case([index])
    (scan,) = case.scans
    assert scan.sources == (ok,)
    assert "1 of them would lie outside its folder and are not read" in case.skipped[0].reason


def test_names_may_be_in_lower_case_on_the_medium(tmp_path):
    (file,) = write_series(tmp_path / "images", noise(1, 8, 8))
    file.rename(tmp_path / "images" / "im1")
    case = read_case([write_dicomdir(tmp_path / "DICOMDIR", [["IMAGES", "IM1"]])])
    assert len(case.scans) == 1


def test_an_index_of_nothing_is_a_clear_line(tmp_path):
    with pytest.raises(ReadError, match="index of 0 other files"):
        read_case([write_dicomdir(tmp_path / "DICOMDIR", [None])])


def test_a_damaged_index_costs_a_line(tmp_path):
    index = write_dicomdir(tmp_path / "DICOMDIR", [["A", "B"]] * 50)
    content = index.read_bytes()
    write_series(tmp_path / "ct", noise(3, 8, 8))
    for kept in (300, 500, len(content) - 7):
        index.write_bytes(content[:kept])
        case = read_case([tmp_path])
        assert len(case.scans) == 1
        assert [line.path for line in case.skipped] == [index]


def test_an_index_that_names_itself_ends(tmp_path):
    write_series(tmp_path / "ct", noise(3, 8, 8))
    other = write_dicomdir(tmp_path / "OTHER", [["DICOMDIR"]])
    write_dicomdir(tmp_path / "DICOMDIR", [["DICOMDIR"], ["OTHER"]] + [["CT", f"{i:04d}.DCM"] for i in range(3)])
    case = read_case([tmp_path / "DICOMDIR"])
    assert len(case.scans) == 1
    assert {line.path for line in case.skipped} == {other, tmp_path / "DICOMDIR"}
