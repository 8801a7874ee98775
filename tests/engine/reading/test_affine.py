"""Where voxels lie: closed forms, and world to voxel and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raddiag_engine.cases import Plane
from raddiag_engine.reading import affine as geometry

lengths = st.floats(0.1, 10)
angles = st.floats(-np.pi, np.pi)
coordinates = st.tuples(*[st.floats(-500, 500)] * 3)


def rotation(a: float, b: float, c: float) -> np.ndarray:
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_y = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    return about_z @ about_x @ about_y


def test_lps_becomes_ras_by_turning_the_first_two_axes():
    affine = geometry.affine_from_lps((10, 20, 30), (0, 0, 5), (0, 2, 0), (3, 0, 0))
    expected = [[0, 0, -3, -10], [0, -2, 0, -20], [5, 0, 0, 30], [0, 0, 0, 1]]
    assert np.array_equal(affine, expected)
    assert geometry.spacing_mm(affine) == (5, 2, 3)


@given(angles, angles, angles, lengths, lengths, lengths, coordinates, coordinates)
def test_world_to_voxel_and_back(a, b, c, slices, rows, columns, origin, index):
    turned = rotation(a, b, c)
    affine = geometry.affine_from_lps(origin, turned[:, 2] * slices, turned[:, 1] * rows, turned[:, 0] * columns)
    world = affine @ (*index, 1)
    assert np.allclose((np.linalg.inv(affine) @ world)[:3], index, atol=1e-6)
    assert geometry.spacing_mm(affine) == pytest.approx((slices, rows, columns))
    assert geometry.tilt_degrees(affine) == pytest.approx(0, abs=1e-5)
    assert not geometry.is_singular(affine)


def test_ijk_and_back_is_the_identity():
    affine = np.vstack([np.random.default_rng(0).normal(size=(3, 4)), [0, 0, 0, 1]])
    assert np.array_equal(geometry.affine_to_ijk(geometry.affine_from_ijk(affine)), affine)


@pytest.mark.parametrize(
    ("row", "column", "plane"),
    [
        ((1, 0, 0), (0, 1, 0), Plane.AXIAL),
        ((1, 0, 0), (0, 0, -1), Plane.CORONAL),
        ((0, 1, 0), (0, 0, -1), Plane.SAGITTAL),
        ((np.sqrt(0.5), np.sqrt(0.5), 0), (0, 0, -1), Plane.OBLIQUE),
    ],
)
def test_plane_is_told_from_the_normal(row, column, plane):
    affine = geometry.affine_from_lps((0, 0, 0), np.cross(row, column), column, row)
    assert geometry.plane(affine) is plane


def test_tilt_and_obliquity_are_the_angles_put_in():
    step = (0, np.sin(np.radians(12)), np.cos(np.radians(12)))
    affine = geometry.affine_from_lps((0, 0, 0), step, (0, 1, 0), (1, 0, 0))
    assert geometry.tilt_degrees(affine) == pytest.approx(12)
    assert geometry.obliquity_degrees(affine) == pytest.approx(0, abs=1e-5)
    turned = rotation(0, np.radians(20), 0)
    affine = geometry.affine_from_lps((0, 0, 0), turned[:, 2], turned[:, 1], turned[:, 0])
    assert geometry.obliquity_degrees(affine) == pytest.approx(20)
    assert geometry.tilt_degrees(affine) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.diag([1.0, 1.0, 0.0, 1.0]), np.full((4, 4), np.nan)])
def test_singular_affines_are_found(bad):
    assert geometry.is_singular(bad)
