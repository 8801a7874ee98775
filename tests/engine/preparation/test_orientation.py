"""Left stays left and front stays front: an asymmetric phantom through all 48 orientations, there and back."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from raddiag_engine.cases import Plane, Scan
from raddiag_engine.preparation import PreparationConfig, prepare_scan
from raddiag_engine.preparation.orientation import DisplayOrientation, display_orientation

CONFIG = PreparationConfig(volume_size_px=32, image_size_px=32, depth=16, quantise_8bit=False)
ORIENTATIONS = [(axes, signs) for axes in permutations(range(3)) for signs in product((1, -1), repeat=3)]
# A landmark off centre on every axis, as fractions of the body: far right, a little to the front, low.
LANDMARK_RAS = np.array([0.85, 0.65, 0.2])


def phantom(axes: tuple[int, ...], signs: tuple[int, ...]) -> tuple[Scan, tuple[int, ...]]:
    """A bright voxel at the landmark; array axis i runs along patient axis axes[i] in sense signs[i]."""
    size_by_patient_axis = np.array([20, 24, 28])
    shape = tuple(int(size_by_patient_axis[axis]) for axis in axes)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    index = []
    for i, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, i] = sign
        along = int(LANDMARK_RAS[axis] * shape[i])
        index.append(along if sign > 0 else shape[i] - 1 - along)
    voxels = np.zeros(shape, dtype=np.int16)
    voxels[tuple(index)] = 1000
    return Scan("a", "volume", voxels, affine, units="8-bit"), tuple(index)


def place_on_display(slice_axis: int) -> tuple[float, float, float]:
    """Where a radiologist expects the landmark: fractions of depth, height and width, in words of the display."""
    right, front, head = LANDMARK_RAS
    if slice_axis == 2:  # axial: from below; front on top; right on the left
        return head, 1 - front, 1 - right
    if slice_axis == 1:  # coronal: from the front; head on top; right on the left
        return 1 - front, 1 - head, 1 - right
    return 1 - right, 1 - head, 1 - front  # sagittal: from the right; head on top; front on the left


@pytest.mark.parametrize("depth_rule", ["resample", "subsample"])
@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_a_landmark_is_shown_where_a_radiologist_expects_it_and_its_map_returns(
    axes: tuple[int, ...], signs: tuple[int, ...], depth_rule: str
) -> None:
    scan, index = phantom(axes, signs)
    config = PreparationConfig(volume_size_px=32, depth=64, depth_rule=depth_rule)  # type: ignore[arg-type]
    prepared = prepare_scan(scan, config)
    peak = np.unravel_index(prepared.voxels.argmax(), prepared.voxels.shape)
    expected = np.array(place_on_display(axes[0])) * prepared.voxels.shape
    # Within one acquired voxel, on the prepared grid.
    assert (np.abs(np.array(peak) - expected) <= np.array(prepared.voxels.shape) / min(scan.voxels.shape) + 1).all()
    assert abs(prepared.slices[peak[0]] - index[0]) <= 0.5

    carried = prepared.carry(scan.voxels / 1000)
    assert carried.shape == prepared.voxels.shape
    assert np.unravel_index(carried.argmax(), carried.shape) == peak

    evidence = np.zeros_like(prepared.voxels)
    evidence[peak] = 1.0
    restored = prepared.restore(evidence)
    assert restored.shape == scan.voxels.shape
    returned = np.unravel_index(restored.argmax(), restored.shape)
    cell = np.maximum(np.array(scan.voxels.shape) / np.array(prepared.voxels.shape).max(), 1)
    assert (np.abs(np.array(returned) - index) <= cell).all()


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_undoing_an_orientation_gives_the_stored_array(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    scan, _ = phantom(axes, signs)
    stored = np.arange(scan.voxels.size).reshape(scan.voxels.shape)
    orientation = display_orientation(scan)
    np.testing.assert_array_equal(orientation.undo(orientation.apply(stored)), stored)


def test_an_axial_dicom_slice_is_left_as_stored() -> None:
    # DICOM's usual axial slice runs to the patient's left and back, which is the radiological display.
    affine = np.array([[0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    scan = Scan("a", "volume", np.zeros((3, 4, 5)), affine)
    assert display_orientation(scan) == DisplayOrientation()


def test_a_sagittal_scan_of_24_slices_stays_24_sagittal_slices() -> None:
    # Array axes along right, inferior, posterior.
    affine = np.array([[4, 0, 0, 0], [0, 0, -1, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
    voxels = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None] * 10, (24, 40, 50))
    prepared = prepare_scan(Scan("a", "volume", voxels, affine, units="8-bit"), PreparationConfig(64, 64, 24))
    assert prepared.voxels.shape == (24, 64, 64)
    # Slices run from right to left: the last stored one, farthest right, comes first.
    assert prepared.slices == tuple(range(23, -1, -1))
    np.testing.assert_allclose(prepared.voxels[:, 5, 5], np.arange(23, -1, -1) * 10 / 255, atol=1e-6)


def test_an_oblique_scan_takes_the_nearest_axes() -> None:
    tilt = np.deg2rad(20)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.array([[0, 0, -1], [0, -1, 0], [1, 0, 0]])
    assert display_orientation(Scan("a", "volume", np.zeros((3, 4, 5)), affine)) == DisplayOrientation()


@pytest.mark.parametrize("affine", [None, np.zeros((4, 4)), np.full((4, 4), np.nan)])
def test_unknown_geometry_is_left_as_stored(affine: np.ndarray | None) -> None:
    assert display_orientation(Scan("a", "volume", np.zeros((3, 4, 5)), affine)) == DisplayOrientation()


def test_projections_and_frames_in_time_are_not_reversed() -> None:
    mirrored = np.diag([-1.0, 1, 1, 1])
    assert (
        display_orientation(Scan("a", "image", np.zeros((4, 5)), mirrored, plane=Plane.FRONTAL)).flipped == (False,) * 3
    )
    assert not display_orientation(Scan("a", "cine", np.zeros((9, 4, 5)), mirrored)).flipped[0]
