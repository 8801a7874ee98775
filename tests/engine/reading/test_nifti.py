"""NIfTI: places and values as nibabel gives them, in our axis order."""

from __future__ import annotations

import itertools

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Modality, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_file

AFFINE = np.array([[-0.9, 0.03, 0, 80], [0.03, 0.9, 0, -120], [0, 0, 3, -50], [0, 0, 0, 1.0]])


def data(*shape, dtype=np.int16):
    return np.random.default_rng(1).integers(0, 120, shape).astype(dtype)


def saved(tmp_path, array, affine=AFFINE, name="a.nii.gz"):
    nibabel.save(nibabel.Nifti1Image(array, affine), tmp_path / name)
    return tmp_path / name


def codes(scan):
    return [warning.code for warning in scan.warnings]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.hdr"])
def test_the_third_axis_becomes_the_slices(tmp_path, name):
    array = data(5, 6, 7)
    path = tmp_path / name
    nibabel.save((nibabel.Nifti1Pair if name == "a.hdr" else nibabel.Nifti1Image)(array, AFFINE), path)
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, array.transpose(2, 1, 0))
    assert np.allclose(scan.affine @ (6, 5, 4, 1), AFFINE @ (4, 5, 6, 1))
    assert scan.spacing_mm == pytest.approx(tuple(reversed(nibabel.affines.voxel_sizes(AFFINE))))
    assert scan.modality is Modality.UNKNOWN


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", list(itertools.product((1, -1), repeat=3)))
def test_all_48_orientations_keep_every_voxel_in_place(tmp_path, order, signs):
    axes = np.eye(3)[list(order)] * np.array(signs)[:, None] * np.array([1.0, 2.0, 3.0])[:, None]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes.T, (5, 7, 11)
    index = np.stack(np.meshgrid(range(3), range(4), range(5), indexing="ij"), axis=-1)
    values = np.rint(1000 + nibabel.affines.apply_affine(affine, index) @ (1, 31, 171)).astype(np.int32)
    (scan,) = read_file(saved(tmp_path, values, affine, "a.nii"))
    ours = np.stack(np.meshgrid(*map(range, scan.voxels.shape), indexing="ij"), axis=-1)
    expected = np.rint(1000 + nibabel.affines.apply_affine(scan.affine, ours) @ (1, 31, 171))
    assert np.array_equal(scan.voxels, expected)


def test_values_are_scaled(tmp_path):
    stored = data(4, 5, 6)
    path = saved(tmp_path, stored, name="a.nii")
    raw = bytearray(path.read_bytes())
    raw[112:120] = np.array([0.5, 3], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(raw)
    (scan,) = read_file(path)
    assert np.array_equal(scan.voxels, stored.transpose(2, 1, 0) * 0.5 + 3)
    assert np.array_equal(scan.voxels, nibabel.load(path).get_fdata().transpose(2, 1, 0))


def test_of_four_dimensions_the_first_volume_is_taken_with_a_warning(tmp_path):
    array = data(4, 5, 6, 3)
    (scan,) = read_file(saved(tmp_path, array))
    assert np.array_equal(scan.voxels, array[..., 0].transpose(2, 1, 0))
    assert codes(scan) == [WarningCode.CONTENT_FOUR_DIMENSIONAL]


def test_without_sform_and_qform_the_place_is_unknown(tmp_path):
    path = saved(tmp_path, data(4, 5, 6), name="a.nii")
    raw = bytearray(path.read_bytes())
    raw[252:256] = b"\0" * 4  # qform_code, sform_code
    path.write_bytes(raw)
    (scan,) = read_file(path)
    assert scan.affine is None
    assert codes(scan) == [WarningCode.GEOMETRY_UNKNOWN]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("length", [np.nan, np.inf])
def test_a_spacing_that_is_no_length_is_unknown(tmp_path, axis, length):
    path = saved(tmp_path, data(4, 5, 6), name="a.nii")
    raw = bytearray(path.read_bytes())
    raw[252:256] = b"\0" * 4  # qform_code, sform_code
    raw[80 + 4 * axis : 84 + 4 * axis] = np.array([length], "<f4").tobytes()  # pixdim
    path.write_bytes(raw)
    (scan,) = read_file(path)
    assert scan.spacing_mm is None


def test_without_sform_the_qform_counts(tmp_path):
    image = nibabel.Nifti1Image(data(4, 5, 6), None)
    image.set_qform(np.diag([2.0, 3, 4, 1]), 1)
    image.set_sform(None, 0)
    nibabel.save(image, tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    assert np.allclose(scan.affine @ (1, 1, 1, 1), (2, 3, 4, 1))


def test_sform_and_qform_in_conflict_are_said_and_the_sform_is_used(tmp_path):
    image = nibabel.Nifti1Image(data(4, 5, 6), AFFINE)
    image.set_qform(np.diag([1.0, 1, 3, 1]), 1)
    image.set_sform(AFFINE, 1)
    nibabel.save(image, tmp_path / "a.nii")
    (scan,) = read_file(tmp_path / "a.nii")
    assert np.allclose(scan.affine @ (0, 0, 0, 1), AFFINE[:, 3])
    assert "disagree" in scan.warnings[0].message


@pytest.mark.parametrize("column", [0, 2])
def test_a_singular_sform_is_refused(tmp_path, column):
    path = saved(tmp_path, data(4, 5, 6), name="a.nii")
    raw = bytearray(path.read_bytes())
    for row in range(3):  # srow_x, srow_y, srow_z begin at byte 280
        start = 280 + 16 * row + 4 * column
        raw[start : start + 4] = b"\0" * 4
    path.write_bytes(raw)
    with pytest.raises(ReadError, match="singular"):
        read_file(path)


def test_rgb_is_colour(tmp_path):
    rgb = np.random.default_rng(2).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)
    typed = np.ascontiguousarray(rgb).view([("R", "u1"), ("G", "u1"), ("B", "u1")]).reshape(4, 5, 6)
    (scan,) = read_file(saved(tmp_path, typed))
    assert np.array_equal(scan.colour, rgb.transpose(2, 1, 0, 3))
    assert scan.voxels.shape == (6, 5, 4)


def test_one_slice_is_an_image(tmp_path):
    array = data(4, 5, 1)
    (scan,) = read_file(saved(tmp_path, array))
    assert scan.kind == "image"
    assert np.array_equal(scan.voxels, array[..., 0].T)


def test_not_a_number_is_flagged_and_unusable_if_most_are(tmp_path):
    array = data(4, 5, 6, dtype=np.float32)
    array[0, 0, 2] = np.nan
    (scan,) = read_file(saved(tmp_path, array))
    assert scan.warnings[0].code is WarningCode.VALUES_NOT_FINITE
    assert scan.warnings[0].slices == (2,)
    assert scan.usable
    array[:, :3] = np.inf
    (scan,) = read_file(saved(tmp_path, array))
    assert not scan.usable


def test_hounsfield_like_values_are_taken_for_ct_and_marked_as_a_guess(tmp_path):
    array = np.full((20, 20, 6), -1000, np.int16)
    array[5:15, 5:15] = 40
    array[5, 5:15] = 900
    (scan,) = read_file(saved(tmp_path, array))
    assert (scan.modality, scan.units) == (Modality.CT, "HU")
    assert codes(scan) == [WarningCode.MODALITY_GUESSED]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda raw: raw[:200], "unknown format"),
        (lambda raw: raw[:400], "NIfTI"),
        (lambda raw: raw[:-30], "NIfTI"),
        (lambda raw: raw[:42] + (32767).to_bytes(2, "little") * 3 + raw[48:], "million|GiB"),
        (lambda raw: raw[:42] + (-5).to_bytes(2, "little", signed=True) + raw[44:], "."),
    ],
)
def test_damaged_files_are_read_errors(tmp_path, change, reason):
    path = saved(tmp_path, data(6, 6, 6), name="a.nii")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ReadError, match=reason):
        read_file(path)


def test_a_gzip_bomb_is_refused_by_its_header(tmp_path):
    import gzip

    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.float64)
    header.set_data_shape((2000, 2000, 2000))
    (tmp_path / "bomb.nii.gz").write_bytes(gzip.compress(header.binaryblock + b"\0" * 100_000))
    with pytest.raises(ReadError, match="GiB"):
        read_file(tmp_path / "bomb.nii.gz")


def test_the_sample_agrees_with_nibabel():
    from tests.shared_data import shared_data

    path = shared_data("dicom", "enhanced_mr", "Siemens_REST1_w_SMS_PF7-8_6.nii")
    (scan,) = read_file(path)
    reference = nibabel.load(path)
    assert np.array_equal(scan.voxels, np.asarray(reference.dataobj)[..., 0].transpose(2, 1, 0))
    assert np.allclose(scan.affine[:, [2, 1, 0, 3]], reference.affine)


@pytest.mark.parametrize("volumes", [1, 3])
@pytest.mark.parametrize("damage", ["checksum", "cut off"])
def test_a_damaged_gzip_is_refused_even_where_its_first_volume_is_whole(tmp_path, volumes, damage):
    array = np.random.default_rng(0).integers(0, 1000, (40, 40, 20, volumes)).astype(np.int16)
    path = saved(tmp_path, array if volumes > 1 else array[..., 0])
    assert read_file(path)
    content = bytearray(path.read_bytes())
    if damage == "checksum":
        content[-8] ^= 0xFF
    else:
        content = content[: -200 if volumes == 1 else -len(content) // 4]
    path.write_bytes(bytes(content))
    with pytest.raises(ReadError, match=r"a\.nii\.gz"):
        read_file(path)
