"""Left stays left: voxels, world coordinates and letters agree in all 48 orientations, oblique and without a place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_raddiag.display.edge_letters import EdgeLetters, edge_letters
from napari_raddiag.display.grid_of_scan import display_grid
from napari_raddiag.display.planes import acquired_plane, axis_order, planes_of
from raddiag_engine.cases import Plane, Scan
from raddiag_engine.preparation.orientation import display_orientation
from tests.viewer.asymmetric_phantom import LANDMARK, ORIENTATIONS, SIZES, phantom

RADIOLOGICAL = {
    "axial": EdgeLetters("A", "P", "R", "L"),
    "coronal": EdgeLetters("H", "F", "R", "L"),
    "sagittal": EdgeLetters("H", "F", "A", "P"),
}


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_the_landmark_is_turned_to_its_place_and_every_mapping_agrees(
    axes: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    scan, index = phantom(axes, signs)
    grid = display_grid(scan)
    turned = grid.turn(scan.voxels)
    assert np.shares_memory(turned, scan.voxels)
    assert turned.shape == grid.shape == (SIZES[2], SIZES[1], SIZES[0])
    at = grid.to_display(index)
    assert turned[tuple(at.astype(int))] == scan.voxels.max()
    # Towards the feet, the back and the left: high is early, front is early, left is late.
    expected = (1 - np.array(LANDMARK[::-1])) * grid.shape
    assert (np.abs(at - expected) <= 1.0).all()
    assert tuple(grid.to_stored(at)) == index
    # The world is the patient's space, turned: (-z, -y, -x).
    assert np.allclose(grid.to_world(at), -grid.ras_mm(index)[::-1])  # type: ignore[index]
    assert np.allclose(grid.stored_of_ras(grid.ras_mm(index)), index)  # type: ignore[arg-type]
    assert min(grid.scale) > 0 and grid.units == "mm" and not grid.is_oblique


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_letters_are_the_radiological_ones_in_every_plane(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    grid = display_grid(phantom(axes, signs)[0])
    for plane in planes_of(grid):
        _, down, across = axis_order(plane)
        assert edge_letters(grid, down, across) == RADIOLOGICAL[plane]


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_the_acquired_slices_are_turned_as_the_network_sees_them(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    scan, _ = phantom(axes, signs)
    grid = display_grid(scan)
    through, down, across = axis_order(acquired_plane(grid))
    ours = grid.turn(scan.voxels).transpose(through, down, across)
    network = display_orientation(scan).apply(scan.voxels)
    same_order = grid.flipped[through] == display_orientation(scan).flipped[0]
    assert np.array_equal(ours if same_order else ours[::-1], network)


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_a_single_slice_is_turned_and_lettered_as_its_volume(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    volume, index = phantom(axes, signs)
    affine = volume.affine.copy()  # type: ignore[union-attr]
    affine[:, 3] = volume.affine @ (index[0], 0, 0, 1)
    image = replace(volume, kind="image", voxels=volume.voxels[index[0]], affine=affine, spacing_mm=None)
    grid, whole = display_grid(image), display_grid(volume)
    through, down, across = axis_order(acquired_plane(whole))
    expected = np.take(whole.turn(volume.voxels), int(whole.to_display(index)[through]), through)
    assert np.array_equal(grid.turn(image.voxels), expected)
    assert edge_letters(grid, 0, 1) == edge_letters(whole, down, across)
    assert np.allclose(grid.scale, np.array(whole.scale)[[down, across]])
    assert np.allclose(grid.ras_mm(index[1:]), whole.ras_mm(index))  # type: ignore[arg-type]


def test_letters_follow_the_flips_of_the_camera() -> None:
    grid = display_grid(phantom()[0])
    assert edge_letters(grid, 1, 2, flip_horizontal=True) == EdgeLetters("A", "P", "L", "R")
    assert edge_letters(grid, 1, 2, flip_vertical=True) == EdgeLetters("P", "A", "R", "L")
    assert edge_letters(grid, 2, 1) == EdgeLetters("R", "L", "A", "P")


def test_an_oblique_scan_is_called_after_the_nearest_axes_and_says_so() -> None:
    scan, index = phantom()
    angle = np.radians(30)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = replace(scan, affine=turn @ scan.affine)
    grid = display_grid(oblique)
    assert grid.is_oblique and grid.oblique_degrees == pytest.approx(30)
    # Two letters where a direction leans far; the main one first.
    assert edge_letters(grid, 1, 2) == EdgeLetters("AL", "PR", "RA", "LP")
    assert np.allclose(grid.stored_of_ras(grid.ras_mm(index)), index)  # type: ignore[arg-type]
    # The true place comes from the affine; the straightened grid is true at the centre.
    centre = (np.array(scan.voxels.shape) - 1) / 2
    assert np.allclose(grid.to_world(grid.to_display(centre)), -grid.ras_mm(centre)[::-1])  # type: ignore[index]


@pytest.mark.parametrize("fault", ["none", "singular", "not finite"])
def test_without_a_usable_affine_the_scan_stays_as_stored_and_has_no_letters(fault: str) -> None:
    scan, index = phantom()
    affine = {"none": None, "singular": np.diag([1.0, 1.0, 0.0, 1.0]), "not finite": np.full((4, 4), np.nan)}[fault]
    grid = display_grid(replace(scan, affine=affine))
    assert np.array_equal(grid.turn(scan.voxels), scan.voxels)
    assert planes_of(grid) == ("acquired",)
    assert not edge_letters(grid, 1, 2).known and grid.ras_mm(index) is None
    assert grid.units == "mm" and grid.scale == scan.spacing_mm


def test_a_picture_is_in_pixels_and_a_projection_stays_as_stored() -> None:
    picture = display_grid(Scan("p", "image", np.zeros((20, 30), np.uint8)))
    assert (picture.units, picture.scale, picture.axis_labels) == ("pixel", (1.0, 1.0), ("row", "column"))
    chest = Scan("x", "image", np.zeros((20, 30), np.uint16), spacing_mm=(0.2, 0.1), plane=Plane.FRONTAL)
    grid = display_grid(chest)
    assert grid.scale == (0.2, 0.1) and grid.order == (0, 1) and not any(grid.flipped)


def test_a_loop_keeps_the_order_of_its_frames_and_has_no_length_in_time() -> None:
    loop = Scan("c", "cine", np.zeros((7, 20, 30), np.uint8), spacing_mm=(1.0, 0.2, 0.3))
    grid = display_grid(loop)
    assert grid.scale == (1.0, 0.2, 0.3) and grid.axis_labels[0] == "frame" and planes_of(grid) == ("acquired",)


def test_colour_stays_the_last_axis() -> None:
    scan, _ = phantom((1, 2, 0), (-1, 1, 1))
    colour = np.repeat(scan.voxels[..., None], 3, axis=3)
    grid = display_grid(scan)
    assert np.array_equal(grid.turn(colour)[..., 1], grid.turn(scan.voxels))
