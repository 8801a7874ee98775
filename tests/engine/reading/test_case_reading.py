"""Paths to a case: what is found, whose it is, and what is said when there is nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import WarningCode
from raddiag_engine.errors import CaseError, ReadError
from raddiag_engine.reading import one_patient, read_case
from tests.engine.reading.dicom_files import noise, write_series


def read(*paths):
    return read_case(paths, guarded=False)


def picture(path, seed=0):
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)).save(path)
    return path


def two_patients(folder):
    write_series(folder / "a", noise(3, 4, 4), PatientID="SECRET1", PatientName="Doe^Jane")
    write_series(folder / "b", noise(3, 4, 4, seed=1), PatientID="SECRET2", SeriesInstanceUID="1.2.3.4", SeriesNumber=2)
    write_series(folder / "c", noise(4, 4, 4, seed=2), PatientID="SECRET2", SeriesInstanceUID="1.2.3.5", SeriesNumber=3)
    return read(folder)


def test_nothing_to_read_is_one_clear_line(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="holds no files"):
        read(tmp_path / "empty")
    with pytest.raises(ReadError, match="no such file"):
        read(tmp_path / "missing")
    (tmp_path / "zero.dcm").touch()
    with pytest.raises(ReadError, match=r"zero\.dcm: the file is empty"):
        read(tmp_path / "zero.dcm")


def test_if_all_is_skipped_the_first_reason_is_named(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("text")
    with pytest.raises(ReadError, match=r"a\.txt: unknown format.*2 other files") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_bad_file_is_skipped_and_the_rest_is_read(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04" + b"\0" * 50)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    picture(tmp_path / "deep" / "er" / "c.png", 1)
    (tmp_path / ".hidden").write_text("x")
    case = read(tmp_path)
    assert len(case.scans) == 2
    ((line),) = case.skipped
    assert line.path.name == "b.zip"
    assert "archive" in line.reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_block(tmp_path):
    picture(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    assert len(read(tmp_path).scans) == 1
    with pytest.raises(ReadError, match="not a regular file"):
        read(tmp_path / "pipe")


def test_a_file_given_twice_counts_once(tmp_path):
    path = picture(tmp_path / "a.png")
    assert len(read(path, path, tmp_path).scans) == 1


def test_equal_scans_get_different_ids(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    one, other = read(tmp_path).scans
    assert other.id == f"{one.id}-2"
    assert one.content_hash == other.content_hash
    assert one.id.startswith("unknown-")


def test_two_patients_are_counted_and_never_named(tmp_path):
    case = two_patients(tmp_path)
    with pytest.raises(CaseError) as caught:
        one_patient(case)
    text = str(caught.value)
    assert "patient 1 (1 scan), patient 2 (2 scans)" in text
    assert "SECRET" not in text
    assert "Doe" not in text
    assert {warning.code for scan in case.scans for warning in scan.warnings} == {WarningCode.IDENTITY_MIXED}
    assert "SECRET" not in repr(case) + "".join(w.message for scan in case.scans for w in scan.warnings)


def test_one_of_two_patients_is_picked_by_number(tmp_path):
    case = one_patient(two_patients(tmp_path), 2)
    assert [scan.voxels.shape for scan in case.scans] == [(3, 4, 4), (4, 4, 4)]
    assert all(scan.warnings == () for scan in case.scans)
    assert one_patient(case) is case
    with pytest.raises(CaseError, match="no patient 3"):
        one_patient(two_patients(tmp_path), 3)


def test_a_scan_that_names_nobody_is_marked_beside_one_that_does(tmp_path):
    write_series(tmp_path / "a", noise(3, 4, 4))
    picture(tmp_path / "b.png")
    case = read(tmp_path)
    codes = [[warning.code for warning in scan.warnings] for scan in case.scans]
    assert sum(WarningCode.IDENTITY_MISSING in found for found in codes) == 1
    assert one_patient(case) is case


def test_a_scan_that_names_nobody_is_not_lost_when_a_patient_is_picked(tmp_path):
    picture(tmp_path / "d.png")
    case = one_patient(two_patients(tmp_path), 2)
    assert [scan.usable for scan in case.scans] == [False, True, True]
    unnamed = case.scans[0]
    assert [warning.code for warning in unnamed.warnings].count(WarningCode.IDENTITY_MISSING) == 1
    assert "several patients" in unnamed.reason


def test_two_people_with_one_patient_id_are_told_apart(tmp_path):
    write_series(tmp_path / "a", noise(3, 4, 4), PatientID="SECRET", PatientBirthDate="19700101")
    other = {"SeriesInstanceUID": "1.2.3.4", "SeriesNumber": 2, "PatientBirthDate": "19800101"}
    write_series(tmp_path / "b", noise(3, 4, 4, seed=1), PatientID="SECRET", **other)
    case = read(tmp_path)
    assert {warning.code for scan in case.scans for warning in scan.warnings} == {WarningCode.IDENTITY_MIXED}
    with pytest.raises(CaseError, match=r"2 patients.*one patient ID has different birth dates or sexes") as caught:
        one_patient(case)
    assert "SECRET" not in str(caught.value)
    assert len(one_patient(case, 2).scans) == 1


@pytest.fixture
def closed(monkeypatch):
    """Folders called "closed" cannot be listed; rights are of no use here, as root may list any folder."""
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


def test_a_subfolder_that_cannot_be_read_is_listed_as_skipped(tmp_path, closed):
    (tmp_path / "in" / "closed").mkdir(parents=True)
    picture(tmp_path / "in" / "a.png")
    case = read(tmp_path / "in")
    assert len(case.scans) == 1
    ((line),) = case.skipped
    assert line.path == tmp_path / "in" / "closed"
    assert "cannot be read: Permission denied" in line.reason


def test_a_folder_that_cannot_be_read_is_not_called_empty(tmp_path, closed):
    (tmp_path / "in" / "closed").mkdir(parents=True)
    for given in (tmp_path / "in" / "closed", tmp_path / "in"):
        with pytest.raises(ReadError, match=r"closed: the folder cannot be read: Permission denied"):
            read(given)


def test_the_case_does_not_depend_on_paths_or_names(tmp_path):
    stored = noise(3, 4, 4)
    write_series(tmp_path / "a", stored, PatientName="One")
    write_series(tmp_path / "b" / "c", stored, PatientName="Another")
    assert read(tmp_path / "a").hash == read(tmp_path / "b").hash
