"""Where a scan samples the body: regular grids along the body's axes, and free points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raddiag_train.phantoms.shapes import Bounds, FloatArray

Block = tuple[slice, ...]
Coordinates = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Lattice:
    """A regular grid whose axes run along x, y and z in some order and direction.

    Attributes:
        axes: The body axis of each array axis, such as "zyx" for (slice, row, column) of axial slices.
        centre_mm: (x, y, z) of the middle of the grid, RAS+.
        counts: Samples along each array axis.
        steps_mm: Signed distance between samples along each array axis.
    """

    axes: str
    centre_mm: tuple[float, float, float]
    counts: tuple[int, int, int]
    steps_mm: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.counts

    @cached_property
    def lines_mm(self) -> tuple[FloatArray, ...]:
        """Coordinates along each array axis, (n,) each."""
        return tuple(
            (self.centre_mm["xyz".index(axis)] + (np.arange(n) - (n - 1) / 2) * step).astype(np.float32)
            for axis, n, step in zip(self.axes, self.counts, self.steps_mm, strict=True)
        )

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4), array index to RAS+ millimetres."""
        affine = np.eye(4)
        affine[:3, :3] = 0.0
        for i, axis in enumerate(self.axes):
            affine["xyz".index(axis), i] = self.steps_mm[i]
            affine["xyz".index(axis), 3] = float(self.lines_mm[i][0])
        return affine

    def block(self, bounds: Bounds | None) -> tuple[Block, Coordinates]:
        """The part of the grid that meets `bounds`, with one voxel around, and its broadcastable x, y, z."""
        slices: list[slice] = []
        coordinates: list[FloatArray] = [np.empty(0, dtype=np.float32)] * 3
        for i, axis in enumerate(self.axes):
            line, b = self.lines_mm[i], "xyz".index(axis)
            inside = slice(0, len(line))
            if bounds is not None:
                margin = abs(self.steps_mm[i])
                hits = np.flatnonzero((line >= bounds[b][0] - margin) & (line <= bounds[b][1] + margin))
                inside = slice(int(hits[0]), int(hits[-1]) + 1) if len(hits) else slice(0, 0)
            slices.append(inside)
            spread = [1, 1, 1]
            spread[i] = -1
            coordinates[b] = line[inside].reshape(spread)
        return tuple(slices), (coordinates[0], coordinates[1], coordinates[2])

    def coverage(self, distance_mm: FloatArray) -> FloatArray:
        """Share of a voxel that lies inside, from the signed distance at its centre."""
        return np.clip(np.float32(0.5) - distance_mm * self._edge_sharpness, 0.0, 1.0)

    @cached_property
    def _edge_sharpness(self) -> np.float32:
        return np.float32(1.0 / np.median(np.abs(self.steps_mm)))

    def refined(self, factor: int) -> Lattice:
        """The same extent with `factor` times as many slices along the first axis."""
        counts = (self.counts[0] * factor, *self.counts[1:])
        return Lattice(self.axes, self.centre_mm, counts, (self.steps_mm[0] / factor, *self.steps_mm[1:]))


@dataclass(frozen=True, eq=False)
class Points:
    """Free sample points: x, y, z in RAS+ millimetres, of one shape."""

    x: FloatArray
    y: FloatArray
    z: FloatArray
    edge_mm: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.x.shape

    def block(self, bounds: Bounds | None) -> tuple[Block, Coordinates]:
        """All points; free points have no order to cut by."""
        return (slice(None),), (self.x, self.y, self.z)

    def coverage(self, distance_mm: FloatArray) -> FloatArray:
        """Share inside, with an edge `edge_mm` wide."""
        return np.clip(np.float32(0.5) - distance_mm / np.float32(self.edge_mm), 0.0, 1.0)
