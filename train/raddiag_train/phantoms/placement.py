"""Where in an organ a lesion comes to lie: anywhere it fits and where there is no other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from raddiag_train.phantoms.shapes import Shape, Vector, point

ATTEMPTS = 400


@dataclass
class Placement:
    """Random places in organs, apart from each other.

    Attributes:
        rng: Decides.
        taken: (centre, radius) mm of the lesions placed so far.
    """

    rng: np.random.Generator
    taken: list[tuple[Vector, float]] = field(default_factory=list)

    def inside(self, organ: Shape, radius_mm: float, *, depth_mm: float | None = None) -> Vector:
        """The centre of a ball of `radius_mm` in `organ`; the deepest one tried if none fits.

        Args:
            organ: The ball's centre is at least `depth_mm` below its surface.
            radius_mm: Kept clear of the lesions placed before.
            depth_mm: `radius_mm` if None, so that the whole ball lies inside.
        """
        bounds = np.asarray(organ.bounds_mm)
        candidates = self.rng.uniform(bounds[:, 0], bounds[:, 1], (ATTEMPTS, 3)).astype(np.float32)
        shortfall = organ.distance_mm(*candidates.T) + (radius_mm if depth_mm is None else depth_mm)
        for centre, radius in self.taken:
            gap = np.linalg.norm(candidates - np.asarray(centre, dtype=np.float32), axis=1) - radius - radius_mm
            shortfall = np.maximum(shortfall, -gap)
        fits = np.flatnonzero(shortfall <= 0)
        best = int(fits[0]) if len(fits) else int(np.argmin(shortfall))
        return self.at(point(candidates[best]), radius_mm)

    def on_surface(self, organ: Shape, radius_mm: float, region: Shape) -> Vector:
        """A point of `organ`'s surface within `region`, as far from other lesions as `inside` keeps."""
        bounds = np.asarray(region.bounds_mm)
        candidates = self.rng.uniform(bounds[:, 0], bounds[:, 1], (4 * ATTEMPTS, 3)).astype(np.float32)
        shortfall = np.maximum(np.abs(organ.distance_mm(*candidates.T)) - 2.0, region.distance_mm(*candidates.T))
        for centre, radius in self.taken:
            gap = np.linalg.norm(candidates - np.asarray(centre, dtype=np.float32), axis=1) - radius - radius_mm
            shortfall = np.maximum(shortfall, -gap)
        fits = np.flatnonzero(shortfall <= 0)
        best = int(fits[0]) if len(fits) else int(np.argmin(shortfall))
        return self.at(point(candidates[best]), radius_mm)

    def at(self, centre_mm: Vector, radius_mm: float) -> Vector:
        """Take this very place."""
        self.taken.append((centre_mm, radius_mm))
        return centre_mm
