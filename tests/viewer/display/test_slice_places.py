"""Slices beyond a gap are where they were acquired: readout, lengths and shared places against the whole scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_raddiag.display.cursor_text import cursor_text
from napari_raddiag.display.grid_of_scan import display_grid
from napari_raddiag.display.measuring import length_mm
from napari_raddiag.display.shared_position import SharedPosition
from napari_raddiag.display.slice_places import SlicePlaces
from raddiag_engine.cases import Scan
from tests.viewer.asymmetric_phantom import BRIGHT, ORIENTATIONS, phantom

AXES, SIGNS = (2, 1, 0), (1, -1, -1)  # axial from the feet up, slices 2 mm apart
FIRST_GONE, FIRST_AGAIN = 20, 26


def with_gap(whole: Scan) -> tuple[Scan, list[int]]:
    """The scan without slices 20 to 25, with the affine of the whole; and the numbers of those kept."""
    kept = [i for i in range(len(whole.voxels)) if not FIRST_GONE <= i < FIRST_AGAIN]
    places = tuple(float(i) for i in kept)
    return replace(whole, id="gap", voxels=whole.voxels[kept], slice_places=places), kept


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_every_slice_is_at_its_own_place_however_it_is_stored(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    whole, _ = phantom(axes, signs)
    scan, kept = with_gap(whole)
    grid = display_grid(scan)
    to_ras = grid.display_affine
    assert to_ras is not None and grid.display_places is not None
    for index, acquired in enumerate(kept):
        expected = (whole.affine @ (acquired, 7, 31, 1))[:3]  # type: ignore[operator]
        place = grid.ras_mm((index, 7, 31))
        assert place is not None and np.allclose(place, expected)
        assert np.allclose(grid.stored_of_ras(expected), (index, 7, 31))  # type: ignore[arg-type]
        # What the layer's metadata say is the same.
        at = grid.to_display((index, 7, 31))
        at[grid.slice_axis] = grid.display_places.places[int(at[grid.slice_axis])]
        assert np.allclose((to_ras @ (*at, 1))[:3], expected)


def test_between_slices_and_beyond_the_ends_places_follow_their_neighbours() -> None:
    places = SlicePlaces((0.0, 1.0, 4.0, 5.0))
    assert [places.place_of(i) for i in (-2, 0.25, 1.5, 2, 3, 4.5)] == [-2, 0.25, 2.5, 4, 5, 6.5]
    assert [places.index_of(p) for p in (-2, 0.25, 2.5, 4, 5, 6.5)] == [-2, 0.25, 1.5, 2, 3, 4.5]
    assert places.reversed().places == (-2, -1, 2, 3)
    # Half a slice belongs to each neighbour, the rest to none.
    assert [p for p in np.arange(0, 5.01, 0.25) if places.is_in_gap(places.index_of(p))] == [
        *np.arange(1.75, 3.5, 0.25)
    ]
    uneven = SlicePlaces((0.0, 0.8, 2.1, 3.0))
    assert not any(uneven.is_in_gap(i) for i in np.arange(0, 3, 0.1))
    for wrong in ((0.0, 2.0, 1.0), (0.0, float("nan"), 2.0)):
        with pytest.raises(ValueError, match="ascend"):
            SlicePlaces(wrong)


def test_slices_in_no_order_have_no_place_rather_than_a_wrong_one() -> None:
    whole, _ = phantom()
    places = tuple(float(i) for i in range(len(whole.voxels)))
    grid = display_grid(replace(whole, slice_places=places[::-1]))
    assert grid.affine is None and grid.ras_mm((0, 0, 0)) is None and not any(grid.end_letters[1])


def test_the_readout_says_the_true_place_and_the_number_in_the_file() -> None:
    whole, index = phantom(AXES, SIGNS)  # the landmark lies above the gap
    scan, kept = with_gap(whole)
    at = (kept.index(index[0]), *index[1:])
    assert at[0] == index[0] - 6 and scan.voxels[at] == BRIGHT
    said = cursor_text(scan, display_grid(scan), at, 0)
    x, y, z = (whole.affine @ (*index, 1))[:3]  # type: ignore[operator]
    assert f"L {-x:.1f}  A {y:.1f}  H {z:.1f} mm (LPS)" in said and said.endswith(f"slice {at[0] + 1} of 50")


def test_a_length_across_the_gap_is_the_distance_in_the_patient() -> None:
    scan, _ = with_gap(phantom(AXES, SIGNS)[0])
    assert length_mm(display_grid(scan), (19, 5, 5), (20, 5, 5)) == pytest.approx(2.0 * 7)


def test_scans_of_one_space_meet_at_the_same_place_beyond_a_gap_and_never_within_it() -> None:
    whole, _ = phantom(AXES, SIGNS)
    coronal, _ = phantom((1, 2, 0), (-1, -1, -1), scan_id="coronal")
    scan, kept = with_gap(whole)
    grids = {each.id: display_grid(each) for each in (whole, coronal, scan)}
    position = SharedPosition()
    for index, acquired in ((3, 3), (19, 19), (20, 26), (45, 51)):
        assert kept[index] == acquired
        position.set(scan, grids["gap"], (index, 11, 22))
        assert np.allclose(position.index(whole, grids["phantom"]), (acquired, 11, 22))
        there = position.index(coronal, grids["coronal"])
        assert np.allclose(coronal.affine @ (*there, 1), whole.affine @ (acquired, 11, 22, 1))  # type: ignore[operator]
        position.set(whole, grids["phantom"], (acquired, 30, 8))
        assert np.allclose(position.index(scan, grids["gap"]), (index, 30, 8))
        assert position.is_in(scan, grids["gap"])
    for missing in range(FIRST_GONE, FIRST_AGAIN):
        position.set(whole, grids["phantom"], (missing, 30, 8))
        assert not position.is_in(scan, grids["gap"]) and position.is_in(coronal, grids["coronal"])
        # The slice nearest to it is the one to show.
        nearest = 19 if missing < 22.5 else 20
        assert grids["gap"].nearest_voxel(position.index(scan, grids["gap"]))[0] == nearest
    position.set(whole, grids["phantom"], (19.4, 30, 8))
    assert position.is_in(scan, grids["gap"])
