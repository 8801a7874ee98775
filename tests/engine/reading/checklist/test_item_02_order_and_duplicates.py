"""Checklist item 2: sort along the normal; equal positions with equal pixels are copies, with others 4D or conflict."""

from __future__ import annotations

import shutil

import numpy as np
from pydicom.uid import DigitalXRayImageStorageForPresentation

from raddiag_engine.cases import WarningCode
from tests.engine.reading.checklist.scans import codes, message, read_all, read_one
from tests.engine.reading.dicom_files import noise, write_series, write_slice


def test_item_02_numbers_and_names_do_not_decide_the_order(tmp_path):
    stored = noise(6, 4, 4)
    numbers = [3, 1, 6, 2, 5, 4]
    write_series(tmp_path, stored, each=lambda i: {"InstanceNumber": numbers[i]})
    assert np.array_equal(read_one(tmp_path).voxels, stored - 1024)


def test_item_02_slices_are_sorted_along_their_normal_and_not_along_an_axis(tmp_path):
    angle = np.radians(40)
    orientation = ((1, 0, 0), (0, np.cos(angle), np.sin(angle)))
    stored = noise(5, 4, 4)
    normal = np.cross(*orientation)
    positions = [np.array([0, 0, 0]) - 3.0 * i * normal for i in range(5)]
    write_series(tmp_path, stored, positions=positions, orientation=orientation)
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored[::-1] - 1024)


def test_item_02_copies_are_dropped_with_the_slices_named(tmp_path):
    stored = noise(5, 4, 4)
    paths = write_series(tmp_path, stored)
    for index in (1, 3):
        shutil.copy(paths[index], tmp_path / f"copy{index}.dcm")
    scan = read_one(tmp_path)
    (warning,) = scan.warnings
    assert (warning.code, warning.slices) == (WarningCode.GEOMETRY_DUPLICATE, (1, 3))
    assert np.array_equal(scan.voxels, stored - 1024)


def test_item_02_different_pixels_at_one_place_are_not_chosen_silently(tmp_path):
    write_series(tmp_path, noise(5, 4, 4))
    place = {"ImagePositionPatient": [-10, 20, 35], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    write_slice(tmp_path / "other.dcm", noise(4, 4, seed=9), PixelSpacing=[1, 1], InstanceNumber=3, **place)
    scan = read_one(tmp_path)
    assert not scan.usable
    assert "different pixels" in message(scan, WarningCode.GEOMETRY_DUPLICATE)


def test_item_02_a_copied_radiograph_is_used_once(tmp_path):
    attributes = {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX", "RescaleIntercept": 0}
    path = write_slice(tmp_path / "a.dcm", noise(6, 5).astype(np.uint16), **attributes)
    shutil.copy(path, tmp_path / "b.dcm")
    scan = read_one(tmp_path)
    assert len(scan.sources) == 2
    assert "there several times with the same pixels" in message(scan, WarningCode.GEOMETRY_DUPLICATE)
    assert WarningCode.CONTENT_SAME_UID not in codes(scan)


def test_item_02_two_radiographs_of_one_series_stay_two(tmp_path):
    for number in range(2):
        attributes = {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX"}
        write_slice(tmp_path / f"{number}.dcm", noise(6, 5, seed=number).astype(np.uint16), **attributes)
    assert len(read_all(tmp_path)) == 2
