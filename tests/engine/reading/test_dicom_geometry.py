"""DICOM series: every voxel lies where the header puts it, and every deviation is said."""

from __future__ import annotations

import itertools
import shutil

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raddiag_engine.cases import Plane, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from tests.engine.reading.dicom_files import noise, write_series, write_slice

AXES = np.eye(3)
ORIENTATIONS = [
    (signs[0] * AXES[order[0]], signs[1] * AXES[order[1]], signs[2] * AXES[order[2]])
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
SHAPE = (4, 5, 6)
SPACING = (1.5, 0.75)
STEP = 3.0
ORIGIN = np.array([-7.0, 11.0, 13.0])


def read_one(*paths):
    (scan,) = read_case(paths, guarded=False).scans
    return scan


def codes(scan):
    return [warning.code for warning in scan.warnings]


def stored_from_place(origin, along_row, down_column, step):
    """Stored values that tell each voxel's LPS position apart: a different weight for every axis and direction."""
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    steps = np.stack([STEP * step, SPACING[0] * down_column, SPACING[1] * along_row])
    return value_at(origin + index @ steps)


def value_at(lps):
    return np.rint(1000 + 4 * (lps @ (1.0, 7.0, 31.0))).astype(np.int16)


@pytest.mark.parametrize("along_row, down_column, step", ORIENTATIONS)
def test_an_asymmetric_phantom_keeps_its_place_in_all_48_orientations(tmp_path, along_row, down_column, step):
    stored = stored_from_place(ORIGIN, along_row, down_column, step)
    positions = [ORIGIN + i * STEP * step for i in range(SHAPE[0])]
    paths = write_series(
        tmp_path, stored, positions=positions, orientation=(along_row, down_column), spacing=SPACING, RescaleIntercept=0
    )
    scan = read_one(tmp_path)
    index = np.stack(np.meshgrid(*map(np.arange, scan.voxels.shape), [1], indexing="ij"), axis=-1)[..., 0, :]
    ras = index @ scan.affine.T
    lps = ras[..., :3] * (-1, -1, 1)
    assert scan.voxels.shape == SHAPE
    assert scan.spacing_mm == pytest.approx((STEP, *SPACING))
    assert np.array_equal(scan.voxels, value_at(lps))
    assert scan.plane is (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)[int(np.abs(step).argmax())]
    # SimpleITK reads a file on its own rightly: its physical points are LPS.
    image = SimpleITK.ReadImage(str(paths[2]))
    for row, column in ((0, 0), (4, 5), (1, 3)):
        point = np.array(image.TransformIndexToPhysicalPoint((column, row, 0)))
        voxel = np.rint(np.linalg.inv(scan.affine) @ (*(point * (-1, -1, 1)), 1)).astype(int)
        assert scan.voxels[tuple(voxel[:3])] == image[column, row, 0]


@given(st.permutations(range(5)), st.permutations(range(5)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_and_the_names_of_files_never_matter(tmp_path, order, names):
    shutil.rmtree(tmp_path / "a", ignore_errors=True)
    shutil.rmtree(tmp_path / "b", ignore_errors=True)
    paths = write_series(tmp_path / "a", noise(5, 4, 4), each=lambda i: {"SOPInstanceUID": f"1.2.3.{i + 1}"})
    (tmp_path / "b").mkdir()
    renamed = [shutil.copy(paths[i], tmp_path / "b" / f"{name}.dcm") for i, name in zip(order, names, strict=True)]
    one, other = read_one(*paths), read_one(*renamed)
    assert one.id == other.id
    assert one.content_hash == other.content_hash
    assert one.warnings == other.warnings


def test_reversed_numbering_changes_nothing(tmp_path):
    stored = noise(5, 4, 4)
    write_series(tmp_path, stored, each=lambda i: {"InstanceNumber": 5 - i})
    assert np.array_equal(read_one(tmp_path).voxels, stored - 1024)


def test_a_missing_slice_is_named_and_not_averaged_over(tmp_path):
    paths = write_series(tmp_path, noise(8, 4, 4))
    paths[3].unlink()
    scan = read_one(tmp_path)
    (warning,) = scan.warnings
    assert warning.code is WarningCode.GEOMETRY_GAP
    assert "1 between 3 and 4" in warning.message
    assert warning.slices == (2,)
    assert scan.spacing_mm[0] == pytest.approx(2.5)
    assert scan.usable


def test_a_gap_of_several_slices_is_counted(tmp_path):
    paths = write_series(tmp_path, noise(10, 4, 4))
    for path in paths[2:5]:
        path.unlink()
    (warning,) = read_one(tmp_path).warnings
    assert "3 slices are missing at 2.50 mm spacing: 3 between 2 and 3" in warning.message


def test_irregular_spacing_says_where(tmp_path):
    positions = [(0, 0, z) for z in (0, 2, 4, 6.2, 8.2, 10.2)]
    write_series(tmp_path, noise(6, 4, 4), positions=positions)
    (warning,) = read_one(tmp_path).warnings
    assert warning.code is WarningCode.GEOMETRY_IRREGULAR_SPACING
    assert warning.slices == (2,)
    assert "2.20 mm after slice 3" in warning.message


def test_rounded_positions_are_not_irregular(tmp_path):
    positions = [(0, 0, round(i * 2 / 3, 2)) for i in range(20)]
    write_series(tmp_path, noise(20, 4, 4), positions=positions)
    assert codes(read_one(tmp_path)) == []


def test_tilt_is_measured_from_the_positions_and_kept_in_the_affine(tmp_path):
    shift = np.tan(np.radians(15)) * 3
    positions = [np.array([5.0, -40.0 + shift * i, 3.0 * i]) for i in range(6)]
    write_series(tmp_path, noise(6, 4, 4), positions=positions, GantryDetectorTilt=0)
    copy, scan = read_case([tmp_path], guarded=False).scans
    assert codes(scan) == [WarningCode.GEOMETRY_TILT]
    assert codes(copy) == [WarningCode.GEOMETRY_RESAMPLED]
    assert (copy.usable, scan.usable) == (True, False)
    assert "15.0 degrees" in scan.warnings[0].message
    for index, position in enumerate(positions):
        assert np.allclose(scan.affine @ (index, 0, 0, 1), (*(position * (-1, -1, 1)), 1), atol=1e-4)


def test_oblique_slices_are_said_to_be(tmp_path):
    angle = np.radians(20)
    orientation = ((1, 0, 0), (0, np.cos(angle), np.sin(angle)))
    write_series(tmp_path, noise(5, 4, 4), orientation=orientation)
    scan = read_one(tmp_path)
    assert codes(scan) == [WarningCode.GEOMETRY_OBLIQUE]
    assert "20.0 degrees" in scan.warnings[0].message
    assert scan.plane is Plane.AXIAL


def test_copies_of_a_slice_are_dropped_with_a_note(tmp_path):
    stored = noise(5, 4, 4)
    paths = write_series(tmp_path, stored)
    shutil.copy(paths[2], tmp_path / "copy.dcm")
    scan = read_one(tmp_path)
    assert np.array_equal(scan.voxels, stored - 1024)
    assert codes(scan) == [WarningCode.GEOMETRY_DUPLICATE]
    assert "same pixels" in scan.warnings[0].message
    assert scan.usable
    assert len(scan.sources) == 6


def test_two_different_slices_at_one_place_are_a_conflict(tmp_path):
    paths = write_series(tmp_path, noise(5, 4, 4))
    write_slice(
        tmp_path / "other.dcm",
        noise(4, 4, seed=9),
        ImagePositionPatient=[-10, 20, 35],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[1, 1],
        InstanceNumber=3,
    )
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert not scan.usable
    assert "different pixels" in scan.reason
    assert len(scan.voxels) == 5
    assert len(paths) + 1 == len(scan.sources) + len(case.skipped)


def test_a_series_in_time_gives_its_first_volume_and_says_so(tmp_path):
    stored = noise(12, 4, 4)
    positions = [(0, 0, 2 * (i % 4)) for i in range(12)]
    write_series(tmp_path, stored, positions=positions, each=lambda i: {"TemporalPositionIdentifier": 3 - i // 4})
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert codes(scan) == [WarningCode.CONTENT_FOUR_DIMENSIONAL]
    assert "3 times, by temporal position" in scan.warnings[0].message
    assert np.array_equal(scan.voxels, stored[8:] - 1024)
    assert len(case.skipped) == 8


def test_b_values_are_scans_side_by_side(tmp_path):
    positions = [(0, 0, 2 * (i % 4)) for i in range(8)]
    write_series(
        tmp_path,
        noise(8, 4, 4),
        positions=positions,
        each=lambda i: {"DiffusionBValue": 1000.0 * (i // 4)},
        Modality="MR",
    )
    scans = read_case([tmp_path], guarded=False).scans
    assert [scan.voxels.shape for scan in scans] == [(4, 4, 4)] * 2
    assert all(scan.usable for scan in scans)


def test_frames_of_one_place_are_a_loop(tmp_path):
    stored = noise(6, 4, 4)
    write_series(
        tmp_path,
        stored,
        positions=[(0, 0, 0)] * 6,
        each=lambda i: {"TriggerTime": 500.0 - 100 * i},
        Modality="MR",
        RescaleIntercept=0,
    )
    scan = read_one(tmp_path)
    assert scan.kind == "cine"
    assert codes(scan) == [WarningCode.CONTENT_CINE]
    assert np.array_equal(scan.voxels, stored[::-1])


@pytest.mark.parametrize(
    "other",
    [
        {"ImageType": ["DERIVED", "PRIMARY", "MIP"]},
        {"SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.9"},
        {"EchoTime": 80.0},
        {"ConvolutionKernel": "B70f"},
        {"PixelSpacing": [0.5, 0.5]},
        {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
    ],
)
def test_a_series_is_split_by_what_makes_different_images(tmp_path, other):
    write_series(tmp_path / "a", noise(4, 4, 4))
    write_series(tmp_path / "b", noise(4, 4, 4, seed=1), positions=[(0, 5 * i, 100 + 5 * i) for i in range(4)], **other)
    assert [scan.voxels.shape for scan in read_case([tmp_path], guarded=False).scans] == [(4, 4, 4)] * 2


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_slices_are_images_with_their_own_places(tmp_path, count):
    stored = noise(count, 4, 5)
    write_series(tmp_path, stored, spacing=(0.5, 0.25))
    scans = read_case([tmp_path], guarded=False).scans
    assert [scan.kind for scan in scans] == ["image"] * count
    for index, scan in enumerate(scans):
        assert np.array_equal(scan.voxels, stored[index] - 1024)
        assert scan.spacing_mm == (0.5, 0.25)
        assert np.allclose(scan.affine @ (0, 2, 3, 1), (10 - 0.75, -20 - 1, 30 + 2.5 * index, 1))


def test_slices_without_positions_keep_their_numbers_and_an_unknown_place(tmp_path):
    stored = noise(4, 4, 4)
    write_series(
        tmp_path,
        stored,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        each=lambda i: {"InstanceNumber": 9 - i},
    )
    scan = read_one(tmp_path)
    assert scan.affine is None
    assert codes(scan) == [WarningCode.GEOMETRY_UNKNOWN, WarningCode.GEOMETRY_FAILED]
    assert not scan.usable
    assert np.array_equal(scan.voxels, stored[::-1] - 1024)


def test_a_truncated_slice_costs_one_line_and_shows_as_a_gap(tmp_path):
    paths = write_series(tmp_path, noise(6, 8, 8))
    paths[2].write_bytes(paths[2].read_bytes()[:-40])
    case = read_case([tmp_path], guarded=False)
    (scan,) = case.scans
    assert [line.path for line in case.skipped] == [paths[2]]
    assert codes(scan) == [WarningCode.GEOMETRY_GAP]
    assert len(scan.voxels) == 5


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5, 0.9, 0.99])
def test_a_file_cut_anywhere_is_a_read_error(tmp_path, share):
    (path,) = write_series(tmp_path, noise(1, 16, 16))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ReadError, match=path.name):
        read_case([path], guarded=False)
