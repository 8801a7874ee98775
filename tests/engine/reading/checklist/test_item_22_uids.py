"""Checklist item 22: two files with one SOPInstanceUID; over-long and empty UIDs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from pydicom.uid import DigitalXRayImageStorageForPresentation

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_series, write_slice


def test_item_22_one_uid_for_two_slices_is_said_with_the_slices(tmp_path):
    write_series(tmp_path, noise(5, 4, 4), each=lambda i: {"SOPInstanceUID": f"1.2.3.{i if i != 3 else 1}"})
    scan = read_one(tmp_path)
    (warning,) = scan.warnings
    assert (warning.code, warning.slices) == (WarningCode.CONTENT_SAME_UID, (1, 3))


def test_item_22_a_true_copy_is_no_clash(tmp_path):
    paths = write_series(tmp_path, noise(5, 4, 4))
    shutil.copy(paths[2], tmp_path / "copy.dcm")
    assert codes(read_one(tmp_path)) == [WarningCode.GEOMETRY_DUPLICATE]


def test_item_22_one_uid_for_two_radiographs(tmp_path):
    for number in range(2):
        own = {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX", "SOPInstanceUID": "1.2.3"}
        write_slice(tmp_path / f"{number}.dcm", noise(6, 5, seed=number).astype(np.uint16), **own)
    scans = read_all(tmp_path)
    assert len(scans) == 2
    assert all("SOPInstanceUID" in message(scan, WarningCode.CONTENT_SAME_UID) for scan in scans)


@pytest.mark.parametrize("uid", ["1." + "9" * 100, "not a uid", "1.2.3."])
def test_item_22_uids_that_are_none(tmp_path, uid):
    stored = noise(4, 4, 4)
    write_series(tmp_path, stored, SeriesInstanceUID=uid, StudyInstanceUID=uid, FrameOfReferenceUID=uid)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored - 1024)


@pytest.mark.parametrize("value", ["", None])
def test_item_22_without_a_series_uid_a_folder_is_a_series(tmp_path, value):
    for name in ("a", "b"):
        write_series(tmp_path / name, noise(4, 4, 4), SeriesInstanceUID=value)
    assert [len(scan.voxels) for scan in read_all(tmp_path)] == [4, 4]
