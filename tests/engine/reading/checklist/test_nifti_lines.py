"""The checklist's line on NIfTI: codes, singular sform, scaling, NaN, 4D, 5D, RGB, int64, pairs, and guesses."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Modality, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case, read_file
from tests.engine.reading.checklist.scans import codes, message

AFFINE = np.array([[-0.8, 0, 0, 40], [0, 0.9, 0, -60], [0, 0, 3.0, 10], [0, 0, 0, 1]])
DATA = np.random.default_rng(0).integers(0, 1000, (5, 6, 7)).astype(np.int16)


def saved(path, array=DATA, sform=1, qform=1, affine=AFFINE, kind=nibabel.Nifti1Image):
    image = kind(array, affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize(("sform", "qform"), [(1, 0), (0, 1), (2, 1), (4, 0)])
def test_nifti_either_code_places_it(tmp_path, sform, qform):
    (scan,) = read_file(saved(tmp_path / "a.nii", sform=sform, qform=qform))
    assert np.allclose(scan.affine @ (6, 5, 4, 1), AFFINE @ (4, 5, 6, 1), atol=1e-4)
    assert codes(scan) == []


def test_nifti_both_codes_zero_is_an_unknown_place(tmp_path):
    (scan,) = read_file(saved(tmp_path / "a.nii", sform=0, qform=0))
    assert scan.affine is None
    assert "left and right are unknown" in message(scan, WarningCode.GEOMETRY_UNKNOWN)


def test_nifti_forms_in_conflict_are_said(tmp_path):
    image = nibabel.Nifti1Image(DATA, AFFINE)
    image.set_sform(AFFINE, 1)
    moved = AFFINE.copy()
    moved[:3, 3] += 25
    image.set_qform(moved, 1)
    nibabel.save(image, tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    assert np.allclose(scan.affine @ (0, 0, 0, 1), AFFINE[:, 3])
    assert "sform and qform disagree" in message(scan, WarningCode.GEOMETRY_UNKNOWN)


def test_nifti_a_singular_sform_is_refused(tmp_path):
    singular = AFFINE.copy()
    singular[:3, 2] = 0
    image = nibabel.Nifti1Image(DATA, AFFINE)
    image.set_sform(singular, 1)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(ReadError, match="singular"):
        read_file(tmp_path / "a.nii")


@pytest.mark.parametrize(
    ("slope", "intercept", "expected"),
    [
        (2.0, -3.0, DATA * 2.0 - 3),
        (np.nan, np.nan, DATA),
        (0.0, 5.0, DATA),
        (1.0, 0.0, DATA),
        (0.5, 0.0, DATA * 0.5),
    ],
)
def test_nifti_scaling_and_what_counts_as_none(tmp_path, slope, intercept, expected):
    path = saved(tmp_path / "a.nii")
    data = bytearray(path.read_bytes())
    data[112:120] = np.array([slope, intercept], "<f4").tobytes()
    path.write_bytes(data)
    (scan,) = read_file(path)
    assert np.allclose(scan.voxels, expected.transpose(2, 1, 0))
    assert np.allclose(scan.voxels, nibabel.load(path).get_fdata().transpose(2, 1, 0))


def test_nifti_not_a_number_is_flagged(tmp_path):
    values = DATA.astype(np.float32)
    values[0, 0, 3] = np.nan
    (scan,) = read_file(saved(tmp_path / "a.nii", values))
    assert codes(scan) == [WarningCode.VALUES_NOT_FINITE]


def test_nifti_of_four_dimensions_the_first_volume_is_said(tmp_path):
    (scan,) = read_file(saved(tmp_path / "a.nii", np.stack([DATA, DATA + 1], axis=-1)))
    assert np.array_equal(scan.voxels, DATA.transpose(2, 1, 0))
    assert "2 volumes" in message(scan, WarningCode.CONTENT_FOUR_DIMENSIONAL)


def test_nifti_of_five_dimensions_is_refused_unless_the_rest_is_one(tmp_path):
    with pytest.raises(ReadError, match="5 axes"):
        read_file(saved(tmp_path / "a.nii", DATA[..., None, None].repeat(3, axis=-1)))
    (scan,) = read_file(saved(tmp_path / "b.nii", DATA[..., None, None]))
    assert np.array_equal(scan.voxels, DATA.transpose(2, 1, 0))


def test_nifti_rgb_is_colour_and_luminance(tmp_path):
    rgb = np.zeros((5, 6, 7), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb["R"], rgb["G"] = 200, DATA % 256
    (scan,) = read_file(saved(tmp_path / "a.nii", rgb))
    assert np.array_equal(scan.colour[..., 1], (DATA % 256).transpose(2, 1, 0))
    assert np.abs(scan.voxels - scan.colour @ (0.299, 0.587, 0.114)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.uint32, np.float64, np.int8])
def test_nifti_every_number_type(tmp_path, dtype):
    image = nibabel.Nifti1Image((DATA % 100).astype(dtype), AFFINE, dtype=dtype)
    nibabel.save(image, tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    assert np.array_equal(scan.voxels, (DATA % 100).transpose(2, 1, 0))


@pytest.mark.parametrize("given", ["a.hdr", "a.img"])
def test_nifti_pairs(tmp_path, given):
    saved(tmp_path / "a.img", kind=nibabel.Nifti1Pair)
    (scan,) = read_case([tmp_path / given], guarded=False).scans
    assert np.array_equal(scan.voxels, DATA.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("sub-01_T1w.nii", Modality.MRI),
        ("patient_flair.nii.gz", Modality.MRI),
        ("head-CT.nii", Modality.CT),
        ("PET_fdg.nii", Modality.NUCLEAR_MEDICINE),
        ("pet_ct.nii", Modality.UNKNOWN),
        ("scan.nii", Modality.UNKNOWN),
        ("octopus_us_army.nii", Modality.UNKNOWN),
    ],
)
def test_nifti_a_modality_of_the_name_is_a_guess_and_marked_as_one(tmp_path, name, modality):
    (scan,) = read_file(saved(tmp_path / name))
    assert scan.modality is modality
    assert (WarningCode.MODALITY_GUESSED in codes(scan)) is (modality is not Modality.UNKNOWN)
    if modality is not Modality.UNKNOWN:
        assert name not in message(scan, WarningCode.MODALITY_GUESSED)


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_nifti_cut_off_behind_the_volume_that_is_used_is_refused(tmp_path, suffix):
    whole = nibabel.Nifti1Image(np.stack([DATA, DATA], axis=-1), AFFINE).to_bytes()
    short = whole[:-20]
    (tmp_path / f"a.{suffix}").write_bytes(gzip.compress(short) if suffix.endswith("gz") else short)
    with pytest.raises(ReadError, match="truncated or damaged"):
        read_file(tmp_path / f"a.{suffix}")


def test_nifti_gz_of_several_members_is_read_to_its_end(tmp_path):
    whole = nibabel.Nifti1Image(DATA, AFFINE).to_bytes()
    members = gzip.compress(whole[:400]) + gzip.compress(whole[400:500]) + gzip.compress(whole[500:])
    (tmp_path / "a.nii.gz").write_bytes(members + bytes(40))
    (scan,) = read_file(tmp_path / "a.nii.gz")
    assert np.array_equal(scan.voxels, DATA.transpose(2, 1, 0))


def test_nifti_gz_with_a_wrong_checksum_is_refused(tmp_path):
    larger = np.tile(DATA, (4, 4, 4))
    content = bytearray(gzip.compress(nibabel.Nifti1Image(larger, AFFINE).to_bytes()))
    content[-6] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        read_file(tmp_path / "a.nii.gz")
