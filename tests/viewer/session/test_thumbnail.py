"""Thumbnails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_raddiag.session.thumbnail import SIZE_PX, thumbnail
from tests.viewer.session.made_cases import scan


def test_a_thumbnail_is_turned_as_the_display_is() -> None:
    """Bright in the patient's left front: top right of an axial picture, where the left is on the right."""
    base = scan("a")
    voxels = np.random.default_rng(0).integers(0, 100, (4, 40, 40)).astype(np.int16)
    voxels[:, 30:, :10] += 1000
    # Rows run to the front, columns to the right: stored upside down and mirrored against the display.
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
    picture = thumbnail(replace(base, voxels=voxels, affine=affine))
    half = SIZE_PX // 2
    quarters = {
        "top left": picture[:half, :half],
        "top right": picture[:half, half:],
        "bottom left": picture[half:, :half],
        "bottom right": picture[half:, half:],
    }
    assert max(quarters, key=lambda name: float(quarters[name].mean())) == "top right"


def test_a_thumbnail_keeps_the_aspect_in_millimetres() -> None:
    flat = replace(scan("a"), voxels=np.ones((3, 20, 40), np.int16), spacing_mm=(1.0, 1.0, 0.5))
    assert thumbnail(flat).shape == (SIZE_PX, SIZE_PX)


def test_a_scan_without_a_value_is_black() -> None:
    empty = replace(scan("a"), voxels=np.full((3, 8, 8), np.nan, np.float32))
    assert not thumbnail(empty).any()
