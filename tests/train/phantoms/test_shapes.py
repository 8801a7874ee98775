"""Shapes, painting and textures against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_train.phantoms.body import Body, Lesion, Part, lesion_mask
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.shapes import Capsule, Ellipsoid, Lumpy, Slabs, point, rotation, shell, sphere
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import WATER

GRID = Lattice("zyx", (0, 0, 0), (60, 64, 70), (1.0, -1.0, -1.0))


def _points(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-40, 40, (3, 500)).astype(np.float32)


def test_distance_to_a_sphere_is_exact() -> None:
    points = _points(0)
    expected = np.linalg.norm(points - np.array([[1], [2], [3]]), axis=0) - 12
    assert sphere((1, 2, 3), 12).distance_mm(*points) == pytest.approx(expected, abs=1e-3)


def test_distance_to_a_rod_is_that_to_its_axis() -> None:
    points = _points(1)
    beyond = np.clip(np.abs(points[0]) - 10, 0, None)
    expected = np.sqrt(beyond**2 + points[1] ** 2 + points[2] ** 2) - 5
    assert Capsule((-10, 0, 0), (10, 0, 0), 5, 5).distance_mm(*points) == pytest.approx(expected, abs=1e-3)


def test_a_turned_ellipsoid_is_zero_on_its_surface() -> None:
    radii, turn = np.array([20.0, 30.0, 10.0]), rotation(20, -35, 70)
    directions = np.random.default_rng(2).standard_normal((200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    surface = (directions * radii) @ turn + np.array([5.0, -4.0, 3.0])
    ellipsoid = Ellipsoid((5, -4, 3), point(radii), turn)
    assert ellipsoid.distance_mm(*surface.T.astype(np.float32)) == pytest.approx(np.zeros(200), abs=1e-2)
    bounds = np.asarray(ellipsoid.bounds_mm)
    assert (surface >= bounds[:, 0] - 1e-6).all() and (surface <= bounds[:, 1] + 1e-6).all()


def test_periodic_slabs_fill_thickness_over_period() -> None:
    x = np.linspace(0, 100, 10001, dtype=np.float32)
    slabs = Slabs((3, 0, 0), (1, 0, 0), 4.0, 20.0)
    assert (slabs.distance_mm(x, np.zeros_like(x), np.zeros_like(x)) <= 0).mean() == pytest.approx(4 / 20, abs=1e-3)


@pytest.mark.parametrize("axes", ["zyx", "yzx"])
def test_a_painted_ball_has_the_volume_of_a_ball(axes: str) -> None:
    grid = Lattice(axes, (0, 0, 0), (60, 64, 70), (1.0, -1.0, -1.0))
    body = Body((Part(sphere((2, -3, 1), 15.5), WATER),), SmoothField.random(np.random.default_rng(0), 10.0))
    painted = body.paint(grid, lambda tissue: 1.0, background=0.0)
    assert painted.sum() == pytest.approx(4 / 3 * np.pi * 15.5**3, rel=0.005)


def test_affine_places_the_ball_where_it_is() -> None:
    grid = Lattice("yzx", (4, -6, 9), (40, 50, 60), (1.5, -1.0, -0.8))
    ball = sphere((-3.0, 5.0, 7.0), 8.0)
    mask = lesion_mask(Lesion("x", (), ball), grid)
    centre = grid.affine @ np.append(np.argwhere(mask).mean(axis=0), 1.0)
    assert centre[:3] == pytest.approx([-3.0, 5.0, 7.0], abs=0.2)


def test_a_part_outside_the_grid_paints_nothing() -> None:
    body = Body((Part(sphere((500, 0, 0), 15), WATER),), SmoothField.random(np.random.default_rng(0), 10.0))
    assert not body.paint(GRID, lambda tissue: 1.0, background=0.0).any()


def test_a_shell_is_a_ball_less_a_smaller_ball() -> None:
    coordinates = GRID.block(None)[1]
    layer = (shell(sphere((0, 0, 0), 20), 4).distance_mm(*coordinates) <= 0).sum()
    assert layer == pytest.approx(4 / 3 * np.pi * (20**3 - 16**3), rel=0.01)


def test_texture_has_mean_0_and_deviation_1() -> None:
    fields = [SmoothField.random(np.random.default_rng(seed), 6.0).sample(*GRID.block(None)[1]) for seed in range(4)]
    assert np.mean(fields) == pytest.approx(0, abs=0.05)
    assert np.std(fields) == pytest.approx(1, abs=0.05)


def test_texture_is_the_same_on_a_grid_and_at_its_points() -> None:
    field = SmoothField.random(np.random.default_rng(3), 9.0)
    x, y, z = GRID.block(None)[1]
    full = np.broadcast_arrays(x, y, z)
    assert field.sample(x, y, z) == pytest.approx(field.sample(*full), abs=1e-4)


def test_a_lumpy_ball_stays_within_its_bounds() -> None:
    ball = Lumpy(sphere((0, 0, 0), 15), SmoothField.random(np.random.default_rng(4), 12.0), 2.0)
    filled = np.argwhere(ball.distance_mm(*GRID.block(None)[1]) <= 0) @ np.diag(GRID.steps_mm)
    reach = (filled.max(axis=0) - filled.min(axis=0)) / 2
    assert (reach > 13).all() and (reach <= 21).all()
