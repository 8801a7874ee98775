"""Solid shapes by signed distance: negative inside, in millimetres, on any points.

Coordinates are RAS+ millimetres (x right, y front, z up) and come as three arrays that broadcast, so that a regular
grid costs no more than its voxels inside a shape's bounds. Distances are exact for rods of one thickness and for slabs,
and first order for ellipsoids, which is enough for an edge that is one voxel wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from raddiag_train.phantoms.texture import SmoothField

FloatArray = NDArray[np.float32]
Vector = tuple[float, float, float]
Bounds = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

EVERYWHERE: Bounds = ((-np.inf, np.inf),) * 3


class Shape(Protocol):
    """A solid."""

    @property
    def bounds_mm(self) -> Bounds:
        """(low, high) along x, y and z; nothing of the solid lies outside."""
        ...

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Signed distance to the surface, negative inside; of the broadcast shape."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned by `rotation` (rows are its own axes, in RAS)."""

    centre_mm: Vector
    radii_mm: Vector
    rotation: NDArray[np.float64] = field(default_factory=lambda: np.eye(3), compare=False)

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """k0 (k0 - 1) / k1 with k0 = |q / r| and k1 = |q / r^2|, q the point in the ellipsoid's own axes."""
        cx, cy, cz = (np.float32(c) for c in self.centre_mm)
        offsets = (x - cx, y - cy, z - cz)
        k0 = np.sqrt(np.maximum(_quadratic_form(self._form(2), offsets), np.float32(0.0)))
        k1 = np.sqrt(np.maximum(_quadratic_form(self._form(4), offsets), np.float32(1e-12)))
        distance = np.asarray(k0 * (k0 - np.float32(1.0)) / k1, dtype=np.float32)
        # At the very centre both are 0; the solid is its smallest radius deep there.
        distance[k0 < 1e-3] = -min(self.radii_mm)
        return distance

    def _form(self, power: int) -> NDArray[np.float64]:
        """(3, 3) matrix of the quadratic form sum (q_i / r_i^(power / 2))^2 in x, y and z."""
        return self.rotation.T @ np.diag(np.asarray(self.radii_mm) ** -float(power)) @ self.rotation

    @property
    def bounds_mm(self) -> Bounds:
        reach = np.sqrt(((self.rotation * np.asarray(self.radii_mm)[:, None]) ** 2).sum(axis=0))
        return _bounds(np.asarray(self.centre_mm) - reach, np.asarray(self.centre_mm) + reach)


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends between two points, its radius linear from one to the other."""

    start_mm: Vector
    end_mm: Vector
    start_radius_mm: float
    end_radius_mm: float

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        a, b = np.asarray(self.start_mm), np.asarray(self.end_mm)
        u = ((b - a) / max(float(((b - a) ** 2).sum()), 1e-6)).astype(np.float32)
        dx, dy, dz = x - np.float32(a[0]), y - np.float32(a[1]), z - np.float32(a[2])
        along = np.clip((u[0] * dx + u[1] * dy) + u[2] * dz, 0.0, 1.0)
        v = (b - a).astype(np.float32)
        squared = (dx - along * v[0]) ** 2 + (dy - along * v[1]) ** 2 + (dz - along * v[2]) ** 2
        radius = np.float32(self.start_radius_mm) + along * np.float32(self.end_radius_mm - self.start_radius_mm)
        distance: FloatArray = np.sqrt(squared) - radius
        return distance

    @property
    def bounds_mm(self) -> Bounds:
        a, b = np.asarray(self.start_mm), np.asarray(self.end_mm)
        ra, rb = self.start_radius_mm, self.end_radius_mm
        return _bounds(np.minimum(a - ra, b - rb), np.maximum(a + ra, b + rb))


@dataclass(frozen=True)
class Slabs:
    """Parallel slabs, one every `period_mm` along the unit vector `normal`; a single one if the period is infinite."""

    point_mm: Vector
    normal: Vector
    thickness_mm: float
    period_mm: float = np.inf

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        n = np.asarray(self.normal, dtype=np.float32)
        offset = np.float32(np.dot(n, self.point_mm))
        along = (n[0] * x + n[1] * y) + (n[2] * z - offset)
        if np.isfinite(self.period_mm):
            period = np.float32(self.period_mm)
            along = along - period * np.rint(along / period)
        return np.abs(along) - np.float32(self.thickness_mm / 2)

    @property
    def bounds_mm(self) -> Bounds:
        return EVERYWHERE


@dataclass(frozen=True)
class HalfSpace:
    """Everything on the side of `point_mm` that `normal` points away from."""

    point_mm: Vector
    normal: Vector

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        n = np.asarray(self.normal, dtype=np.float32)
        return (n[0] * x + n[1] * y) + (n[2] * z - np.float32(np.dot(n, self.point_mm)))

    @property
    def bounds_mm(self) -> Bounds:
        return EVERYWHERE


@dataclass(frozen=True)
class Box:
    """A box along the body's axes."""

    bounds_mm: Bounds

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        sides = [np.maximum(low - c, c - high) for c, (low, high) in zip((x, y, z), self.bounds_mm, strict=True)]
        distance: FloatArray = np.maximum(np.maximum(sides[0], sides[1]), sides[2])
        return distance


@dataclass(frozen=True)
class Offset:
    """`shape` grown by `by_mm` everywhere; shrunk if negative."""

    shape: Shape
    by_mm: float

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        return self.shape.distance_mm(x, y, z) - np.float32(self.by_mm)

    @property
    def bounds_mm(self) -> Bounds:
        grown = np.asarray(self.shape.bounds_mm) + max(self.by_mm, 0.0) * np.array([-1.0, 1.0])
        return _bounds(grown[:, 0], grown[:, 1])


@dataclass(frozen=True)
class Lumpy:
    """`shape` with an uneven surface: its distance moved by a smooth random field."""

    shape: Shape
    field: SmoothField
    amplitude_mm: float

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        return self.shape.distance_mm(x, y, z) + np.float32(self.amplitude_mm) * self.field.sample(x, y, z)

    @property
    def bounds_mm(self) -> Bounds:
        return Offset(self.shape, 3 * self.amplitude_mm).bounds_mm


@dataclass(frozen=True)
class Union:
    """What lies in any of the shapes."""

    shapes: tuple[Shape, ...]

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        distance = self.shapes[0].distance_mm(x, y, z)
        for shape in self.shapes[1:]:
            distance = np.minimum(distance, shape.distance_mm(x, y, z))
        return distance

    @property
    def bounds_mm(self) -> Bounds:
        bounds = np.asarray([shape.bounds_mm for shape in self.shapes])
        return _bounds(bounds[:, :, 0].min(axis=0), bounds[:, :, 1].max(axis=0))


@dataclass(frozen=True)
class Intersection:
    """What lies in all of the shapes."""

    shapes: tuple[Shape, ...]

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        distance = self.shapes[0].distance_mm(x, y, z)
        for shape in self.shapes[1:]:
            distance = np.maximum(distance, shape.distance_mm(x, y, z))
        return distance

    @property
    def bounds_mm(self) -> Bounds:
        bounds = np.asarray([shape.bounds_mm for shape in self.shapes])
        return _bounds(bounds[:, :, 0].max(axis=0), bounds[:, :, 1].min(axis=0))


@dataclass(frozen=True)
class Outside:
    """Everything that is not in `shape`."""

    shape: Shape

    def distance_mm(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        return -self.shape.distance_mm(x, y, z)

    @property
    def bounds_mm(self) -> Bounds:
        return EVERYWHERE


def sphere(centre_mm: Vector, radius_mm: float) -> Ellipsoid:
    """A ball."""
    return Ellipsoid(centre_mm, (radius_mm,) * 3)


def shell(shape: Shape, thickness_mm: float) -> Shape:
    """The outermost layer of `shape`."""
    return Intersection((shape, Outside(Offset(shape, -thickness_mm))))


def rotation(x_deg: float, y_deg: float, z_deg: float) -> NDArray[np.float64]:
    """Rotation matrix, about x first, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad([x_deg, y_deg, z_deg])), np.sin(np.deg2rad([x_deg, y_deg, z_deg]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def point(vector: NDArray[np.float64] | tuple[float, ...] | list[float]) -> Vector:
    """Three plain floats."""
    x, y, z = (float(value) for value in vector)
    return x, y, z


def _quadratic_form(matrix: NDArray[np.float64], vector: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """v^T M v, in three operations on the full grid: what does not hold x is summed before it is spread along x."""
    m, (x, y, z) = matrix.astype(np.float32), vector
    plane = (m[1, 1] * y) * y + (m[2, 2] * z) * z + (2 * m[1, 2] * y) * z
    slope = (2 * m[0, 1]) * y + (2 * m[0, 2]) * z
    return (slope + m[0, 0] * x) * x + plane


def _bounds(low: NDArray[np.float64], high: NDArray[np.float64]) -> Bounds:
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))  # type: ignore[return-value]
