"""What is written as NIfTI lies where it lay, and reads back the same."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from raddiag_engine.reading import read_case, read_file, write_nifti
from raddiag_engine.reading.nifti_export import on_even_grid, write_scan
from tests.engine.reading.dicom_files import noise, write_series


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_a_dicom_series_reads_back_the_same_from_nifti(tmp_path, tilt):
    positions = [(3, 5 + tilt * i, 2.0 * i) for i in range(5)]
    write_series(tmp_path / "ct", noise(5, 4, 6), positions=positions, spacing=(0.5, 0.75))
    # Of a tilted stack the last is the original, whose affine is sheared.
    (*_, scan) = read_case([tmp_path / "ct"], guarded=False).scans
    path = write_scan(tmp_path, scan)
    assert path.name == f"{scan.id}.nii.gz"
    (back,) = read_file(path)
    assert np.array_equal(back.voxels, scan.voxels)
    assert np.allclose(back.affine, scan.affine, atol=1e-4)
    image = nibabel.load(path)
    assert np.allclose(nibabel.affines.voxel_sizes(image.affine), image.header.get_zooms(), atol=1e-5)
    assert image.header["sform_code"] == 1
    assert image.header["qform_code"] == (0 if tilt else 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float16, np.float32, np.float64, bool])
def test_every_type_keeps_its_values(tmp_path, dtype):
    array = np.random.default_rng(0).integers(0, 2, (3, 4, 5)).astype(dtype)
    write_nifti(tmp_path / "maps" / "a.nii.gz", array, np.diag([3.0, 2, 1, 1]))
    assert np.array_equal(nibabel.load(tmp_path / "maps" / "a.nii.gz").get_fdata(), array.transpose(2, 1, 0))
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["a.nii.gz"]


def test_an_axis_too_long_for_nifti_1_is_written_as_nifti_2(tmp_path):
    array = np.random.default_rng(0).integers(0, 100, (2, 32768)).astype(np.int16)
    write_nifti(tmp_path / "a.nii.gz", array, np.diag([3.0, 2, 1, 1]))
    assert isinstance(nibabel.load(tmp_path / "a.nii.gz"), nibabel.Nifti2Image)
    (back,) = read_file(tmp_path / "a.nii.gz")
    assert np.array_equal(back.voxels, array)
    assert np.allclose(back.affine, np.diag([3.0, 2, 1, 1]))


def test_an_image_without_a_place_says_so(tmp_path):
    write_nifti(tmp_path / "a.nii", np.arange(12.0).reshape(3, 4), None, (0.5, 0.25))
    image = nibabel.load(tmp_path / "a.nii")
    assert image.shape == (4, 3, 1)
    assert (image.header["sform_code"], image.header["qform_code"]) == (0, 0)
    assert image.header.get_zooms()[:2] == (0.25, 0.5)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8])
def test_slices_beyond_a_gap_are_written_where_they_lie(tmp_path, dtype):
    stored = noise(5, 4, 6).astype(dtype)
    heights = [0.0, 2.0, 6.0, 8.0, 12.0]
    write_series(tmp_path / "ct", stored, positions=[(3, 5, z) for z in heights], Modality="MR", RescaleIntercept=0)
    (scan,) = read_case([tmp_path / "ct"], guarded=False).scans
    image = nibabel.load(write_scan(tmp_path, scan))
    written = np.asarray(image.dataobj)
    assert written.shape == (6, 4, 7)
    for values, height in zip(stored, heights, strict=True):
        (k,) = (k for k in range(7) if abs((image.affine @ (0, 0, k, 1))[2] - height) < 0.01)
        assert np.array_equal(written[..., k], values.T)
    assert (written[..., [2, 5]] == stored.min()).all(), "what is missing is filling"


def test_slices_that_no_affine_places_are_written_without_one(tmp_path):
    heights = [0.0, 2.0, 4.7, 6.7, 8.7]
    write_series(tmp_path / "ct", noise(5, 4, 6), positions=[(3, 5, z) for z in heights])
    (scan,) = read_case([tmp_path / "ct"], guarded=False).scans
    image = nibabel.load(write_scan(tmp_path, scan))
    assert (image.header["sform_code"], image.header["qform_code"]) == (0, 0)
    assert np.array_equal(np.asarray(image.dataobj), scan.voxels.transpose(2, 1, 0))


def test_one_slice_at_the_other_end_of_the_world_does_not_fill_the_disk(tmp_path):
    positions = [(0, 0, height) for height in (0.0, 2.0, 4.0, 2e9)]
    write_series(tmp_path / "ct", noise(4, 4, 6), positions=positions)
    (scan,) = read_case([tmp_path / "ct"], guarded=False).scans
    voxels, affine = on_even_grid(scan, scan.voxels, 0.0)
    assert affine is None
    assert voxels is scan.voxels
    assert nibabel.load(write_scan(tmp_path, scan)).shape == (6, 4, 4)
