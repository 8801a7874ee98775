"""Checklist item 8: LPS to RAS in one place; all 48 orientations against dcm2niix; singular affines are refused."""

from __future__ import annotations

import itertools

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file
from raddiag_engine.reading.nifti_export import write_scan
from tests.engine.reading.checklist.scans import message, read_all, read_one
from tests.engine.reading.dcm2niix import converted, looked_up
from tests.engine.reading.dicom_files import noise, write_series
from tests.shared_data import shared_data

AXES = np.eye(3)
ORIENTATIONS = [
    (signs[0] * AXES[order[0]], signs[1] * AXES[order[1]], signs[2] * AXES[order[2]])
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def write_turned(folder, number, along_row, down_column, step, angle=0.0):
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    along_row, down_column, step = turn @ along_row, turn @ down_column, turn @ step
    positions = [np.array([-7.0, 11.0, 13.0]) + 3.0 * i * step for i in range(4)]
    return write_series(
        folder,
        noise(4, 5, 6, seed=number),
        positions=positions,
        orientation=(along_row, down_column),
        spacing=(1.5, 0.75),
        Modality="MR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
        RescaleIntercept=0,
        SeriesNumber=number + 1,
        SeriesInstanceUID=f"1.2.3.{number + 1}",
        SliceThickness=3.0,
    )


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_item_08_all_48_orientations_lie_where_dcm2niix_puts_them(tmp_path, angle):
    for number, axes in enumerate(ORIENTATIONS):
        write_turned(tmp_path / "in" / f"{number:02d}", number, *axes, angle=angle)
    images = converted(tmp_path / "in", tmp_path / "nii")
    assert len(images) == 48
    by_number = {int(name.split("_")[0]): image for name, image in images.items()}
    for number in range(48):
        scan = read_one(tmp_path / "in" / f"{number:02d}")
        theirs, ours, off = looked_up(by_number[number + 1], scan)
        assert off < 0.01
        assert np.array_equal(ours, theirs)


def test_item_08_a_written_scan_lies_where_dcm2niix_puts_it(tmp_path):
    write_turned(tmp_path / "in", 0, *ORIENTATIONS[13], angle=0.2)
    (image,) = converted(tmp_path / "in", tmp_path / "nii").values()
    written = nibabel.load(write_scan(tmp_path, read_one(tmp_path / "in")))
    ours, theirs = (nibabel.as_closest_canonical(each) for each in (written, image))
    assert np.allclose(ours.affine, theirs.affine, atol=1e-3)
    assert np.array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj))


REAL = [
    "693_UNCR.dcm",
    "693_J2KR.dcm",
    "MR2_UNCR.dcm",
    "MR2_J2KR.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "explicit_VR-UN.dcm",
    "eCT_Supplemental.dcm",
]


@pytest.mark.parametrize("name", REAL)
def test_item_08_real_files_lie_where_dcm2niix_puts_them(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(shared_data("dicom", "pydicom_data", name).read_bytes())
    images = converted(tmp_path / "in", tmp_path / "nii")
    scans = read_all(tmp_path / "in")
    image = next(iter(images.values()))
    # dcm2niix turns the rows of a lone slice round; an image's place is compared by its corners.
    corners = np.array([(i, j, 0) for i in (0, image.shape[0] - 1) for j in (0, image.shape[1] - 1)])
    world = nibabel.affines.apply_affine(image.affine, corners)
    placed = [
        [
            scan.affine @ (0, row, column, 1)
            for row in (0, scan.voxels.shape[0] - 1)
            for column in (0, scan.voxels.shape[1] - 1)
        ]
        for scan in scans
    ]
    nearest = min(
        max(min(np.linalg.norm(ours[:3] - place) for ours in of_scan) for place in world) for of_scan in placed
    )
    assert nearest < 0.05


def test_item_08_wg04_files_lie_where_dcm2niix_puts_them(tmp_path):
    for name in ("CT1_J2KR", "MR1_JPLL"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(shared_data("dicom", "wg04", name).read_bytes())
        (image,) = converted(tmp_path / name, tmp_path / f"{name}_nii").values()
        scan = read_one(tmp_path / name)
        theirs = np.asarray(image.dataobj).reshape(image.shape[:2])
        index = np.array(list(np.ndindex(*theirs.shape)))[::997]
        world = nibabel.affines.apply_affine(image.affine, np.column_stack([index, np.zeros(len(index))]))
        exact = nibabel.affines.apply_affine(np.linalg.inv(scan.affine), world)
        nearest = np.rint(exact).astype(int)
        assert np.abs(exact[:, 1:] - nearest[:, 1:]).max() < 0.01
        assert np.array_equal(scan.voxels[nearest[:, 1], nearest[:, 2]], theirs[tuple(index.T)])


def test_item_08_oblique_is_said(tmp_path):
    write_turned(tmp_path, 0, *ORIENTATIONS[0], angle=np.radians(25))
    assert "25.0 degrees" in message(read_one(tmp_path), WarningCode.GEOMETRY_OBLIQUE)


def test_item_08_an_orientation_that_is_none_places_nothing(tmp_path):
    write_series(tmp_path, noise(4, 4, 4), ImageOrientationPatient=[1, 0, 0, 1, 0, 0])
    scan = read_one(tmp_path)
    assert scan.affine is None
    assert not scan.usable


def test_item_08_singular_affines_are_refused(tmp_path):
    image = nibabel.Nifti1Image(noise(4, 4, 4), None)
    image.set_sform(np.diag([1.0, 1, 0, 1]), 1)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(ReadError, match="singular"):
        read_file(tmp_path / "a.nii")
