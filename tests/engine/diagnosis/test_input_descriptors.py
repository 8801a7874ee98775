"""Descriptors of the network's input against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raddiag_engine.cases import Scan
from raddiag_engine.cases.scan import Kind
from raddiag_engine.diagnosis.input_descriptors import DESCRIPTORS, QUANTILES, descriptors
from raddiag_engine.preparation import PreparationConfig, PreparedScan, prepare_scan


def prepared(voxels: np.ndarray) -> PreparedScan:
    """A prepared scan with exactly these voxels."""
    kind: Kind = "image" if voxels.ndim == 2 else "volume"
    scan = Scan("a", kind, np.zeros((4,) * voxels.ndim, dtype=np.uint8), units="8-bit")
    return replace(prepare_scan(scan, PreparationConfig(8, 8, 4)), voxels=voxels.astype(np.float32))


def described(voxels: np.ndarray) -> dict[str, float]:
    return dict(zip(DESCRIPTORS, descriptors(prepared(voxels)).tolist(), strict=True))


RAMP = np.broadcast_to(np.linspace(0, 1, 128), (128, 128))
NOISE = np.random.default_rng(0).random((128, 128))


def test_quantiles_of_a_ramp_are_their_own_levels() -> None:
    of = described(RAMP)
    for q in QUANTILES:
        assert of[f"quantile {q}"] == pytest.approx(q, abs=0.01)
    # An even spread over 0 to 1 has a standard deviation of 1 / sqrt(12) and fills the histogram.
    assert of["standard deviation"] == pytest.approx(2 / np.sqrt(12), abs=0.01)
    assert of["entropy"] == pytest.approx(1, abs=0.01)


def test_an_inverted_image_has_inverted_quantiles_and_blocks() -> None:
    image = NOISE**3
    plain, inverted = described(image), described(1 - image)
    assert inverted["quantile 0.1"] == pytest.approx(1 - plain["quantile 0.9"], abs=1e-3)
    assert inverted["block 12"] == pytest.approx(1 - plain["block 12"], abs=1e-3)
    assert inverted["left-right asymmetry"] == pytest.approx(plain["left-right asymmetry"], abs=1e-3)


def test_asymmetry_is_zero_for_a_mirror_image_and_one_for_its_negative() -> None:
    assert described(np.abs(RAMP - 0.5))["left-right asymmetry"] == pytest.approx(0, abs=1e-3)
    assert described(RAMP)["left-right asymmetry"] == pytest.approx(1, abs=1e-3)
    assert described(RAMP.T)["top-bottom asymmetry"] == pytest.approx(1, abs=1e-3)
    assert described(NOISE)["left-right asymmetry"] == pytest.approx(0.5, abs=0.02)


def test_layout_sees_a_bright_centre_and_a_black_border() -> None:
    image = np.zeros((128, 128))
    image[32:96, 32:96] = 0.8
    of = described(image)
    assert of["centre mean"] == pytest.approx(0.8)
    assert of["border mean"] == of["corner mean"] == of["border deviation"] == 0
    assert of["block 00"] < of["block 01"] < of["block 11"]
    assert of["black share"] == pytest.approx(0.75)


def test_the_spectrum_of_white_noise_is_flat_and_that_of_a_random_walk_falls_with_the_square() -> None:
    assert described(NOISE)["spectral slope"] == pytest.approx(0, abs=0.03)
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    frequency[0, 0] = np.inf
    # Power falling with the square of frequency has slope -2, a third of -6.
    field = np.fft.ifft2(np.fft.fft2(NOISE) / frequency).real
    field = (field - field.min()) / np.ptp(field)
    assert described(field)["spectral slope"] == pytest.approx(1 / 3, abs=0.03)


def test_noise_is_zero_on_slopes_and_large_on_noise() -> None:
    assert described(RAMP)["noise"] == pytest.approx(0, abs=1e-4)
    assert described(NOISE)["noise"] > 0.5
    # Averaging white noise over larger blocks leaves its steps as large as its spread, which shrinks.
    assert described(NOISE)["gradient at 8"] < described(NOISE)["gradient at 1"]


def test_volumes_are_told_from_images_and_their_slices_compared() -> None:
    flat = np.repeat(NOISE[None, :32, :32], 6, axis=0)
    of = described(flat)
    assert of["is volume"] == 1 and of["change between slices"] == 0
    assert described(NOISE)["is volume"] == 0
    brighter = np.linspace(0, 1, 6)[:, None, None] * np.ones((6, 32, 32))
    assert described(brighter)["change between slices"] == pytest.approx(0.2)
    assert described(brighter)["deviation of slice means"] == pytest.approx(np.std(np.linspace(0, 1, 6)))


@pytest.mark.parametrize("voxels", [np.zeros((64, 64)), np.ones((16, 64, 64)), np.ones((300, 20)) * 0.5, NOISE])
def test_all_numbers_lie_between_zero_and_one_whatever_the_scan(voxels: np.ndarray) -> None:
    numbers = descriptors(prepared(voxels))
    assert numbers.shape == (len(DESCRIPTORS),) and numbers.dtype == np.float32
    assert np.isfinite(numbers).all() and (numbers >= 0).all() and (numbers <= 1).all()
