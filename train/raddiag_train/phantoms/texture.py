"""Smooth random fields that are fixed to the body, so that all its scans show the same texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SmoothField:
    """A random field of mean 0 and standard deviation 1: a sum of plane waves in random directions.

    Attributes:
        wave_vectors: (waves, 3), radians per millimetre.
        phases: (waves,), radians.
    """

    wave_vectors: NDArray[np.float32]
    phases: NDArray[np.float32]

    @classmethod
    def random(cls, rng: np.random.Generator, wavelength_mm: float, waves: int = 6) -> SmoothField:
        """A field whose bumps are about half of `wavelength_mm` wide."""
        directions = rng.standard_normal((waves, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        vectors = directions * (2 * np.pi / (wavelength_mm * rng.uniform(0.7, 1.5, (waves, 1))))
        return cls(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, waves).astype(np.float32))

    def sample(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """The field at the points (x, y, z) mm, which broadcast.

        cos(a + b) = cos a cos b - sin a sin b parts x from y and z, so that a regular grid costs products, not cosines.
        """
        scale = np.float32(np.sqrt(2.0 / len(self.phases)))
        total: FloatArray = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=np.float32)
        for (kx, ky, kz), phase in zip(self.wave_vectors, self.phases, strict=True):
            a, b = kx * x, ky * y + (kz * z + phase)
            total += np.cos(a) * (scale * np.cos(b))
            total -= np.sin(a) * (scale * np.sin(b))
        return total
