"""Reading what was written is the identity: values exactly, places to a hundredth of a millimetre."""

from __future__ import annotations

import shutil

import nibabel
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raddiag_engine.reading import read_case, read_file
from raddiag_engine.reading.nifti_export import write_scan
from tests.engine.reading.dicom_files import write_series

PLACE_MM = 0.01
LPS_TO_RAS = np.array([-1, -1, 1, 1.0])

shapes = st.tuples(st.integers(3, 6), st.integers(2, 7), st.integers(2, 7))
lengths_mm = st.tuples(*[st.floats(0.3, 6.0).map(lambda x: round(x, 3))] * 3)
origins_mm = st.tuples(*[st.floats(-300, 300).map(lambda x: round(x, 2))] * 3)
seeds = st.integers(0, 2**32 - 1)
one_at_a_time = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def rotations(draw):
    """(3, 3) with the directions of columns, rows and slices as its rows; mirrors included."""
    four = np.array([draw(st.floats(-1, 1)) for _ in range(4)])
    w, x, y, z = four / np.linalg.norm(four) if np.linalg.norm(four) > 0.1 else (1.0, 0, 0, 0)
    turned = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    return turned[draw(st.permutations(range(3)))]


@one_at_a_time
@given(
    shape=shapes,
    spacing=lengths_mm,
    origin=origins_mm,
    directions=rotations(),
    dtype=st.sampled_from([np.int16, np.uint16, np.uint8]),
    slope=st.sampled_from([1, 2, 0.25, 1.5, 0.003, 3e-5]),
    intercept=st.sampled_from([0, -1024, 12.5, -0.001]),
    is_reversed=st.booleans(),
    seed=seeds,
)
def test_dicom(tmp_path, shape, spacing, origin, directions, dtype, slope, intercept, is_reversed, seed):
    shutil.rmtree(tmp_path / "in", ignore_errors=True)
    limits = np.iinfo(dtype)
    stored = np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype, endpoint=True)
    along_row, down_column = directions[0], directions[1]
    normal = np.cross(along_row, down_column)
    step = -normal if is_reversed else normal  # the order of the files against that of the places
    positions = [np.array(origin) + spacing[0] * i * step for i in range(shape[0])]
    write_series(
        tmp_path / "in",
        stored,
        positions=positions,
        orientation=(along_row, down_column),
        spacing=spacing[1:],
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    (scan,) = read_case([tmp_path / "in"], guarded=False).scans
    expected = stored * np.float64(slope) + intercept
    order = slice(None, None, -1 if is_reversed else 1)
    values = scan.voxels.astype(np.float64)
    assert np.allclose(values, expected[order], rtol=1e-7, atol=0 if float(slope).is_integer() else 1e-4)
    if slope in (1, 2) and intercept in (0, -1024):
        assert np.array_equal(scan.voxels, expected[order])
    assert np.allclose(scan.spacing_mm, spacing, atol=1e-3)
    for slice_number in (0, shape[0] - 1):
        position = positions[order][slice_number]
        for row, column in ((0, 0), (shape[1] - 1, shape[2] - 1)):
            lps = position + row * spacing[1] * down_column + column * spacing[2] * along_row
            found = scan.affine @ (slice_number, row, column, 1)
            assert np.allclose(found, LPS_TO_RAS * (*lps, 1), atol=PLACE_MM)
    (back,) = read_file(write_scan(tmp_path / "out", scan))
    assert np.array_equal(back.voxels, scan.voxels)
    assert np.allclose(back.affine, scan.affine, atol=1e-3)


@one_at_a_time
@given(
    shape=shapes,
    spacing=lengths_mm,
    origin=origins_mm,
    directions=rotations(),
    shear=st.sampled_from([0.0, 0.0, 0.3]),
    dtype=st.sampled_from(["<i2", ">i2", "|u1", "<u2", "<i4", "<f4", ">f4", "<f8"]),
    scale=st.sampled_from([(1.0, 0.0), (2.0, -1024.0), (0.25, 3.0)]),
    suffix=st.sampled_from([".nii", ".nii.gz"]),
    seed=seeds,
)
def test_nifti(tmp_path, shape, spacing, origin, directions, shear, dtype, scale, suffix, seed):
    stored = np.random.default_rng(seed).integers(0, 250, shape[::-1]).astype(dtype)
    affine = np.eye(4)
    affine[:3, :3] = directions.T * spacing
    affine[:3, 2] += shear * affine[:3, 0]
    affine[:3, 3] = origin
    image = nibabel.Nifti1Image(stored, affine, dtype=dtype)
    image.header.set_slope_inter(*scale)
    nibabel.save(image, tmp_path / f"a{suffix}")
    scans = read_file(tmp_path / f"a{suffix}")
    scan = scans[-1]  # of a sheared one the last is the original
    slope, intercept = scale
    assert np.array_equal(scan.voxels, stored.transpose(2, 1, 0) * np.float64(slope) + intercept)
    for index in ((0, 0, 0), tuple(n - 1 for n in shape)):
        assert np.allclose(scan.affine @ (*index, 1), affine @ (*index[::-1], 1), atol=PLACE_MM)
    (*_, back) = read_file(write_scan(tmp_path / "out", scan))
    assert np.array_equal(back.voxels, scan.voxels)
    assert np.allclose(back.affine, scan.affine, atol=1e-3)
