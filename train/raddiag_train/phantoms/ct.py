"""Computed tomography of a body: HU, thick slices, correlated noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from raddiag_train.phantoms.body import Body
from raddiag_train.phantoms.lattice import Lattice


def scan_ct(
    body: Body, lattice: Lattice, rng: np.random.Generator, *, noise_hu: float, subslices: int = 2
) -> NDArray[np.int16]:
    """Rescaled CT numbers of the body on `lattice`.

    Args:
        body: What is scanned.
        lattice: Axial grid; slices are contiguous, so each averages `subslices` planes over its whole thickness.
        rng: For the noise.
        noise_hu: Standard deviation of the noise.
        subslices: Planes averaged in a slice.

    Returns:
        int16 HU, of the lattice's shape, at least -1024.
    """
    fine = body.paint(
        lattice.refined(subslices), lambda tissue: tissue.hu, texture_of=lambda tissue: 100.0 * tissue.texture
    )
    hu = fine.reshape(lattice.counts[0], subslices, *lattice.counts[1:]).mean(axis=1)
    white = rng.standard_normal(hu.shape, dtype=np.float32)
    grain = ndimage.gaussian_filter(white, (0.0, 0.6, 0.6), mode="wrap")
    hu += grain * np.float32(noise_hu / grain.std())
    return np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
