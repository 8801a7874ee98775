"""Low-level description of what the network is given: brightness, layout, texture, symmetry. NumPy only.

A network's embedding of noise or of a photograph can lie among those of real scans; these numbers do not depend on
what the network learned to ignore.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SLICES = 8
SIZE_PX = 128
QUANTILES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
SCALES = (1, 2, 4, 8)
# Tiny against any contrast a scan has; keeps ratios finite on constant images.
EPSILON = 1e-4

DESCRIPTORS = (
    "is volume",
    *(f"quantile {q}" for q in QUANTILES),
    "black share",
    "white share",
    "standard deviation",
    "entropy",
    "border mean",
    "border deviation",
    "corner mean",
    "centre mean",
    *(f"block {row}{column}" for row in range(3) for column in range(3)),
    *(f"gradient at {scale}" for scale in SCALES),
    "noise",
    "spectral slope",
    "left-right asymmetry",
    "top-bottom asymmetry",
    "change between slices",
    "deviation of slice means",
)


class NetworkInput(Protocol):
    """A prepared scan, or one read back from a trainer's cache."""

    @property
    def voxels(self) -> NDArray[np.float32]:
        """(row, column) or (slice, row, column), in [0, 1]."""

    @property
    def is_volume(self) -> bool:
        """True if the first axis is depth in the body."""


def descriptors(prepared: NetworkInput) -> NDArray[np.float32]:
    """Describe a prepared scan by `len(DESCRIPTORS)` numbers in [0, 1], the mean over up to 8 of its slices.

    The first number tells volumes (1) from images (0).
    """
    voxels_DHW = prepared.voxels.reshape(-1, *prepared.voxels.shape[-2:])
    chosen = np.unique(np.linspace(0, len(voxels_DHW) - 1, SLICES).round().astype(int))
    slices = [_shrunk(voxels_DHW[i].astype(np.float64)) for i in chosen]
    means = np.mean([_describe_slice(image) for image in slices], axis=0)
    change = np.mean([np.abs(b - a).mean() for a, b in pairwise(slices)]) if slices[1:] else 0.0
    deviation = np.std([image.mean() for image in slices])
    return np.concatenate([[float(prepared.is_volume)], means, [change, deviation]]).clip(0, 1).astype(np.float32)


def _describe_slice(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([_brightness(image), _layout(image), _texture(image), _asymmetry(image)])


def _brightness(image: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.histogram(image, bins=32, range=(0, 1))[0] / image.size
    entropy = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum() / 5
    black, white = (image < 0.5 / 255).mean(), (image > 254.5 / 255).mean()
    return np.array([*np.quantile(image, QUANTILES), black, white, 2 * image.std(), entropy])


def _layout(image: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = image.shape
    edge_h, edge_w = max(height // 16, 1), max(width // 16, 1)
    outer = np.ones(image.shape, dtype=bool)
    outer[edge_h:-edge_h, edge_w:-edge_w] = False
    border = image[outer]
    corner_h, corner_w = max(height // 8, 1), max(width // 8, 1)
    corners = [image[rows, columns].mean() for rows in _ends(corner_h) for columns in _ends(corner_w)]
    centre = image[height // 4 : height - height // 4, width // 4 : width - width // 4]
    blocks = [block.mean() for band in np.array_split(image, 3) for block in np.array_split(band, 3, axis=1)]
    return np.array([border.mean(), 2 * border.std(), np.mean(corners), centre.mean(), *blocks])


def _texture(image: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = image.std() + EPSILON
    gradients = []
    for scale in SCALES:
        coarse = _block_means(image, scale)
        steps = np.abs(np.diff(coarse, axis=0)).mean() + np.abs(np.diff(coarse, axis=1)).mean()
        gradients.append(steps / (steps + deviation))
    # Response to a checkerboard: zero on flat areas, slopes and straight edges, so what is left is noise
    # (Immerkaer, Comput Vis Image Underst 64 (1996) 300).
    rows = image[:-2] - 2 * image[1:-1] + image[2:]
    noise = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]).mean()
    return np.array([*gradients, noise / (noise + deviation), _spectral_slope(image)])


def _spectral_slope(image: NDArray[np.float64]) -> float:
    """Fall of the power spectrum, as -slope / 6 in log-log: 0 is white noise, natural images are near 1/3."""
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    power = np.abs(np.fft.rfft2((image - image.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(image.shape[0])[:, None], np.fft.rfftfreq(image.shape[1])[None])
    edges = np.geomspace(2 / min(image.shape), 0.5, 9)
    ring = np.digitize(radius, edges)
    levels = [power[ring == i].mean() if (ring == i).any() else 0.0 for i in range(1, len(edges))]
    centres = np.sqrt(edges[1:] * edges[:-1])
    slope = np.polyfit(np.log(centres), np.log(np.array(levels) + EPSILON**2), 1)[0]
    return float(-slope / 6)


def _asymmetry(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of 1 - correlation with the mirror image: 0 is symmetric, 0.5 unrelated."""
    deviations = image - image.mean()
    power = (deviations**2).mean() + EPSILON**2
    mirrored = [(deviations * deviations[:, ::-1]).mean(), (deviations * deviations[::-1]).mean()]
    return np.array([(1 - product / power) / 2 for product in mirrored])


def _shrunk(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return _block_means(image, max(min(image.shape) // SIZE_PX, 1))


def _block_means(image: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    rows, columns = max(image.shape[0] // size, 2), max(image.shape[1] // size, 2)
    size_h, size_w = image.shape[0] // rows, image.shape[1] // columns
    cut = image[: rows * size_h, : columns * size_w]
    return np.asarray(cut.reshape(rows, size_h, columns, size_w).mean(axis=(1, 3)))


def _ends(length: int) -> tuple[slice, slice]:
    return slice(None, length), slice(-length, None)
