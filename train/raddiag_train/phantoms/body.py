"""A body: parts painted one over the other, and lesions among them; and how it is sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from raddiag_train.phantoms.lattice import Lattice, Points
from raddiag_train.phantoms.shapes import FloatArray, Shape, Vector
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import AIR, Tissue


@dataclass(frozen=True)
class Part:
    """One shape filled with one tissue.

    Attributes:
        shape: Where.
        tissue: What.
        within: The part ends where this shape ends; None for no limit.
    """

    shape: Shape
    tissue: Tissue
    within: Shape | None = None


@dataclass(frozen=True)
class Lesion:
    """What a disorder adds to a body.

    Attributes:
        disorder: Its name.
        parts: Painted over the healthy body.
        extent: What counts as the lesion in a mask.
    """

    disorder: str
    parts: tuple[Part, ...]
    extent: Shape


@dataclass(frozen=True)
class Body:
    """One synthetic patient's anatomy.

    Attributes:
        parts: In painting order; a later part hides an earlier one.
        texture: Small-scale variation inside the tissues, shared by all scans.
        landmarks: Named shapes where disorders may sit.
        points: Named points that scans are aimed at.
        lesions: The disorders it has.
    """

    parts: tuple[Part, ...]
    texture: SmoothField
    landmarks: dict[str, Shape] = field(default_factory=dict)
    points: dict[str, Vector] = field(default_factory=dict)
    lesions: tuple[Lesion, ...] = ()

    def with_lesions(self, lesions: Sequence[Lesion]) -> Body:
        """The same body with these lesions."""
        return replace(self, lesions=tuple(lesions))

    def paint(
        self,
        grid: Lattice | Points,
        value_of: Callable[[Tissue], float],
        *,
        texture_of: Callable[[Tissue], float] | None = None,
        background: float | None = None,
    ) -> FloatArray:
        """One tissue property on a grid, mixed linearly where two tissues share a voxel.

        Args:
            grid: Where to sample.
            value_of: The property of a tissue.
            texture_of: Standard deviation of the property within a tissue; None for none.
            background: Value where there is no part; air's if None.
        """
        values = np.full(grid.shape, value_of(AIR) if background is None else background, dtype=np.float32)
        texture = self.texture.sample(*grid.block(None)[1]) if texture_of else None
        for part in (*self.parts, *(part for lesion in self.lesions for part in lesion.parts)):
            paint = np.float32(value_of(part.tissue))
            block, (x, y, z) = grid.block(part.shape.bounds_mm)
            target = values[block]
            if not target.size or np.isnan(paint):
                continue
            coverage = grid.coverage(part.shape.distance_mm(x, y, z))
            if part.within is not None:
                coverage = coverage * grid.coverage(part.within.distance_mm(x, y, z))
            spread = np.float32(texture_of(part.tissue)) if texture_of else 0
            if texture is None or spread == 0:
                target += coverage * (paint - target)
            else:
                target += coverage * ((paint - target) + spread * texture[block])
        return values


def lesion_mask(lesion: Lesion, grid: Lattice | Points) -> np.ndarray:
    """Where the lesion fills at least half of a voxel; boolean, on the grid."""
    mask = np.zeros(grid.shape, dtype=bool)
    block, (x, y, z) = grid.block(lesion.extent.bounds_mm)
    if mask[block].size:
        mask[block] = lesion.extent.distance_mm(x, y, z) <= 0
    return mask
