"""Projection radiography of a body: line integrals (Beer-Lambert), scatter, blur, quantum noise, logarithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from raddiag_train.phantoms.body import Body, Lesion, lesion_mask
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.shapes import FloatArray

WATER_ATTENUATION_PER_MM = 0.0206  # NIST XCOM, water at 60 keV: 0.2059 / cm
GREY_LEVELS_PER_UNIT = 4000.0  # of the stored logarithm


def line_integrals(hu: NDArray[np.float32], step_mm: float, axis: int) -> FloatArray:
    """Attenuation along parallel rays: the sum of mu_water (1 + HU / 1000) times the step, dimensionless.

    Args:
        hu: CT numbers.
        step_mm: Distance between samples along `axis`.
        axis: The rays' direction; it is summed away.
    """
    attenuation: FloatArray = (1.0 + np.maximum(hu, -1000.0) / 1000.0).sum(axis=axis, dtype=np.float32)
    attenuation *= np.float32(abs(step_mm) * WATER_ATTENUATION_PER_MM)
    return attenuation


def expose(
    integrals: FloatArray,
    rng: np.random.Generator,
    *,
    photons_per_pixel: float,
    scatter_to_primary: float,
    blur_px: float,
) -> FloatArray:
    """The detector's logarithmic signal, -ln(I / I0).

    Primary I0 exp(-p), plus scatter as a wide blur of the primary, Gaussian detector blur, and Poisson noise in its
    normal limit, which keeps the same noise pattern whatever the body holds.
    """
    primary = np.exp(-integrals)
    scatter = scatter_to_primary * ndimage.gaussian_filter(primary, integrals.shape[0] / 8, mode="nearest")
    expected = photons_per_pixel * ndimage.gaussian_filter(primary + scatter, blur_px, mode="nearest")
    counts = expected + np.sqrt(expected) * rng.standard_normal(integrals.shape, dtype=np.float32)
    signal: FloatArray = -np.log(np.maximum(counts, 1.0) / np.float32(photons_per_pixel))
    return signal


def scan_radiograph(
    body: Body,
    lattice: Lattice,
    size_px: int,
    rng: np.random.Generator,
    *,
    photons_per_pixel: float,
    scatter_to_primary: float,
) -> NDArray[np.uint16]:
    """A frontal radiograph, bones bright, (size_px, size_px) uint16.

    Args:
        body: What is exposed.
        lattice: Grid with axes "zyx" that the rays sum along y.
        size_px: Height and width of the image, which covers the lattice's z and x extent.
        rng: For the noise.
        photons_per_pixel: Without a body.
        scatter_to_primary: Scatter to primary ratio.
    """
    hu = body.paint(lattice, lambda tissue: tissue.hu, texture_of=lambda tissue: 100.0 * tissue.texture)
    integrals = line_integrals(hu, lattice.steps_mm[1], axis=1)
    signal = expose(
        to_detector(integrals, size_px),
        rng,
        photons_per_pixel=photons_per_pixel,
        scatter_to_primary=scatter_to_primary,
        blur_px=0.6,
    )
    return np.clip(np.rint((signal + 1.0) * GREY_LEVELS_PER_UNIT), 0, 65535).astype(np.uint16)


def projected_mask(lesion: Lesion, lattice: Lattice, size_px: int) -> NDArray[np.bool_]:
    """Where the rays' way through the lesion is at least a quarter of the longest; (size_px, size_px)."""
    path = lesion_mask(lesion, lattice).sum(axis=1).astype(np.float32)
    if not path.any():
        return np.zeros((size_px, size_px), dtype=bool)
    path = to_detector(path, size_px)
    return np.asarray(path >= 0.25 * path.max())


def to_detector(image: FloatArray, size_px: int) -> FloatArray:
    """`image` resampled linearly to (size_px, size_px) over the same area."""
    factors = [size_px / n for n in image.shape]
    resampled: FloatArray = ndimage.zoom(image, factors, order=1, mode="nearest", grid_mode=True)
    return resampled
