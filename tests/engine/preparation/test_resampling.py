"""Resampling against SciPy, SimpleITK, Pillow and torch's own trilinear interpolation."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import map_coordinates

from raddiag_engine.preparation import PreparationConfig
from raddiag_engine.preparation.depth import depth_sampling
from raddiag_engine.preparation.resampling import resize_slices

VALUES = np.random.default_rng(0).random((5, 37, 50), dtype=np.float32)


def centres(old: int, new: int) -> np.ndarray:
    """Voxel centres of the new grid on the old one, over the same field of view."""
    return np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)


def test_bilinear_resizing_agrees_with_scipy() -> None:
    resized = resize_slices(VALUES, 64, 24, antialias=False)
    rows, columns = np.meshgrid(centres(37, 64), centres(50, 24), indexing="ij")
    for before, after in zip(VALUES, resized, strict=True):
        np.testing.assert_allclose(after, map_coordinates(before, [rows, columns], order=1), atol=1e-5)


def test_bilinear_resizing_agrees_with_simpleitk() -> None:
    grid = sitk.Image(64, 64, sitk.sitkFloat32)
    grid.SetSpacing((50 / 64, 37 / 64))
    grid.SetOrigin(((50 / 64 - 1) / 2, (37 / 64 - 1) / 2))
    expected = sitk.GetArrayFromImage(
        sitk.Resample(sitk.GetImageFromArray(VALUES[0]), grid, sitk.Transform(2, sitk.sitkIdentity))
    )
    resized = resize_slices(VALUES[:1], 64, 64, antialias=False)[0]
    # SimpleITK leaves what is beyond the outermost centres at 0.
    np.testing.assert_allclose(resized[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


def test_antialiased_resizing_agrees_with_pillow() -> None:
    for height_px, width_px in ((16, 20), (12, 80)):
        resized = resize_slices(VALUES, height_px, width_px, antialias=True)
        for before, after in zip(VALUES, resized, strict=True):
            expected = Image.fromarray(before).resize((width_px, height_px), Image.Resampling.BILINEAR)
            np.testing.assert_allclose(after, np.asarray(expected), atol=1e-5)


@pytest.mark.parametrize("depth", [3, 5, 16])
def test_a_resampled_volume_agrees_with_trilinear_interpolation(depth: int) -> None:
    sampling = depth_sampling(5, PreparationConfig(depth=depth))
    resized = sampling.gather_all(resize_slices(VALUES, 40, 44, antialias=False))
    expected = F.interpolate(torch.from_numpy(VALUES)[None, None], size=(depth, 40, 44), mode="trilinear")
    np.testing.assert_allclose(resized, expected[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("acquired", [33, 40, 64, 100, 301, 412])
def test_subsampling_keeps_the_slices_that_the_release_keeps(acquired: int) -> None:
    # The released rule, as published; exact fractions have no rounding that could add a slice.
    sampling = depth_sampling(acquired, PreparationConfig(depth=32, depth_rule="subsample"))
    assert sampling.nearest.tolist() == [i * acquired // 32 for i in range(32)]
    published = np.arange(0, acquired, acquired / 32).astype(int)
    assert sampling.nearest.tolist() == published[:32].tolist()


def test_subsampling_keeps_a_shallow_volume_as_it_is() -> None:
    sampling = depth_sampling(7, PreparationConfig(depth=32, depth_rule="subsample"))
    assert sampling.nearest.tolist() == list(range(7))


@settings(deadline=None, max_examples=60)
@given(
    acquired=st.integers(1, 200),
    depth=st.integers(1, 64),
    rule=st.sampled_from(["resample", "subsample"]),
)
def test_depth_of_a_ramp_returns_within_a_cell(acquired: int, depth: int, rule: str) -> None:
    sampling = depth_sampling(acquired, PreparationConfig(depth=depth, depth_rule=rule))  # type: ignore[arg-type]
    ramp = np.arange(acquired, dtype=np.float32)[:, None, None]
    restored = sampling.scatter(sampling.gather_all(ramp))[:, 0, 0]
    cell = max(1.0, acquired / len(sampling.positions))
    # Subsampling takes the first slice of each cell, so that its last cell is known from one end only.
    bound = cell / 2 if rule == "resample" else cell
    assert np.abs(restored - np.arange(acquired)).max() <= bound + 1e-4


@settings(deadline=None, max_examples=60)
@given(acquired=st.integers(1, 100), depth=st.integers(1, 64), rule=st.sampled_from(["resample", "subsample"]))
def test_only_needed_slices_are_read_and_constants_stay_constant(acquired: int, depth: int, rule: str) -> None:
    sampling = depth_sampling(acquired, PreparationConfig(depth=depth, depth_rule=rule))  # type: ignore[arg-type]
    assert len(sampling.needed) <= min(acquired, 2 * depth)
    volume = np.full((acquired, 2, 2), np.nan, dtype=np.float32)
    volume[sampling.needed] = 0.25
    gathered = sampling.gather_all(volume)
    np.testing.assert_allclose(gathered, 0.25, rtol=1e-6)
    np.testing.assert_allclose(sampling.scatter(gathered), np.full((acquired, 2, 2), 0.25), rtol=1e-6)
