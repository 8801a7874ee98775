"""A projection has no place in space, but its header may say where rows and columns run: the letters say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_raddiag.display.edge_letters import EdgeLetters, edge_letters
from napari_raddiag.display.grid_of_scan import display_grid
from napari_raddiag.display.patient_axes import letters_span_a_plane, opposite_letters
from raddiag_engine.cases import Modality, Plane, Scan
from tests.viewer.asymmetric_phantom import phantom

CHEST = Scan(
    "chest", "image", np.zeros((20, 30), np.uint16), modality=Modality.XRAY, plane=Plane.FRONTAL, view="PA",
    patient_orientation=("L", "F"),
)  # fmt: skip
UNKNOWN = EdgeLetters("", "", "", "")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("L", "F"), EdgeLetters("H", "F", "R", "L")),  # PA and AP chest, as hung
        (("R", "F"), EdgeLetters("H", "F", "L", "R")),  # stored mirrored
        (("P", "F"), EdgeLetters("H", "F", "A", "P")),  # lateral
        (("A", "R"), EdgeLetters("L", "R", "P", "A")),  # mammogram, left CC
        (("A", "FR"), EdgeLetters("HL", "FR", "P", "A")),  # left MLO
        (("LA", "F"), EdgeLetters("H", "F", "RP", "LA")),
        (("F", "L"), EdgeLetters("R", "L", "H", "F")),
    ],
)
def test_letters_of_the_header_stand_at_the_edges_with_their_opposites(
    header: tuple[str, str], expected: EdgeLetters
) -> None:
    grid = display_grid(replace(CHEST, patient_orientation=header))
    assert edge_letters(grid, 0, 1) == expected
    top, bottom, left, right = expected.top, expected.bottom, expected.left, expected.right
    assert edge_letters(grid, 0, 1, flip_horizontal=True) == EdgeLetters(top, bottom, right, left)
    assert edge_letters(grid, 0, 1, flip_vertical=True) == EdgeLetters(bottom, top, left, right)
    assert edge_letters(grid, 1, 0) == EdgeLetters(left, right, top, bottom)


def test_a_loop_has_letters_within_its_frames_and_none_in_time() -> None:
    loop = replace(CHEST, kind="cine", voxels=np.zeros((4, 20, 30), np.uint8), modality=Modality.DSA)
    grid = display_grid(loop)
    assert edge_letters(grid, 1, 2) == EdgeLetters("H", "F", "R", "L")
    assert grid.end_letters[0] == ("", "")


@pytest.mark.parametrize("header", [("L", "R"), ("L", "L"), ("LR", "F"), ("F", "HA"), ("X", "F"), ("", "F"), None])
def test_letters_that_are_missing_or_contradict_one_another_are_not_shown(header: tuple[str, str] | None) -> None:
    grid = display_grid(replace(CHEST, patient_orientation=header))
    assert edge_letters(grid, 0, 1) == UNKNOWN


def test_where_there_is_an_affine_it_alone_is_believed() -> None:
    volume, index = phantom()
    image = replace(volume, kind="image", voxels=volume.voxels[index[0]], spacing_mm=None)
    assert edge_letters(display_grid(replace(image, patient_orientation=("F", "L"))), 0, 1) == EdgeLetters(
        "A", "P", "R", "L"
    )
    flat = np.diag([1.0, 1.0, 0.0, 1.0])
    unplaced = display_grid(replace(image, affine=flat, patient_orientation=("L", "F")))
    assert edge_letters(unplaced, 0, 1) == EdgeLetters("H", "F", "R", "L")


def test_slices_without_a_place_are_not_lettered_after_one_of_them() -> None:
    stack = replace(phantom()[0], affine=None, patient_orientation=("L", "P"))
    assert edge_letters(display_grid(stack), 1, 2) == UNKNOWN


def test_opposites_and_planes() -> None:
    assert [opposite_letters(x) for x in ("L", "RA", "HPL")] == ["R", "LP", "FAR"]
    assert letters_span_a_plane("LA", "PL") and not letters_span_a_plane("LA", "R")
