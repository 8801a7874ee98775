"""Ultrasound of a plane through a body: speckle, attenuation, reflections, shadows, in the beams' own coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from raddiag_train.phantoms.body import Body, Lesion, lesion_mask
from raddiag_train.phantoms.lattice import Points
from raddiag_train.phantoms.shapes import FloatArray, Vector

TIME_GAIN_DB_PER_MM = 0.055  # one way, liver at 3 MHz
REFLECTION_GAIN = 12.0  # of a step of impedance, against scatterers of amplitude 1
WHITE_DB = 26.0  # the level shown white


@dataclass(frozen=True)
class Probe:
    """A curved array in a sagittal plane, that looks backwards into the body.

    Attributes:
        face_mm: (x, y, z) of the middle of the probe's face.
        curvature_mm: Radius of the face.
        half_angle_deg: The outermost beam's.
        depth_mm: Of the image below the face.
        size_px: Height and width of the image.
        samples: Along a beam.
        beams: In a frame.
    """

    face_mm: Vector
    curvature_mm: float = 55.0
    half_angle_deg: float = 36.0
    depth_mm: float = 160.0
    size_px: int = 160
    samples: int = 288
    beams: int = 112

    @property
    def pixel_mm(self) -> float:
        """Row and column spacing of the image."""
        return (self.depth_mm + 4.0) / self.size_px

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4): rows run backwards (-y), columns downwards (-z), the head on the left of the image."""
        x, y, z = self.face_mm
        affine = np.zeros((4, 4))
        affine[0, 0], affine[1, 1], affine[2, 2], affine[3, 3] = 1.0, -self.pixel_mm, -self.pixel_mm, 1.0
        affine[:3, 3] = x, y + 2.0, z + (self.size_px - 1) / 2 * self.pixel_mm
        return affine

    def beam_points(self) -> Points:
        """Sample points in beam coordinates, (samples, beams)."""
        radius = self.curvature_mm + np.linspace(0, self.depth_mm, self.samples)[:, None]
        angle = np.deg2rad(np.linspace(-self.half_angle_deg, self.half_angle_deg, self.beams))[None, :]
        x, y, z = self.face_mm
        front = y + self.curvature_mm - radius * np.cos(angle)
        return _points(np.full(front.shape, x), front, z - radius * np.sin(angle))

    def pixel_points(self) -> Points:
        """Pixel centres of the image, (size_px, size_px)."""
        rows, columns = np.mgrid[: self.size_px, : self.size_px]
        position = np.einsum("ij,jhw->ihw", self.affine[:3, 1:3], np.stack([rows, columns]))
        position += self.affine[:3, 3][:, None, None]
        return _points(*position)

    def beam_indices(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(2, size_px, size_px) fractional (sample, beam) of every pixel, and whether the sector holds it."""
        points = self.pixel_points()
        down = self.face_mm[1] + self.curvature_mm - points.y.astype(np.float64)
        along = self.face_mm[2] - points.z.astype(np.float64)
        radius, angle = np.hypot(down, along), np.rad2deg(np.arctan2(along, down))
        sample = (radius - self.curvature_mm) / self.depth_mm * (self.samples - 1)
        beam = (angle / self.half_angle_deg + 1) / 2 * (self.beams - 1)
        inside = (sample >= 0) & (sample <= self.samples - 1) & (beam >= 0) & (beam <= self.beams - 1)
        return np.stack([sample, beam]), inside


def scan_ultrasound(
    body: Body, probe: Probe, rng: np.random.Generator, *, gain_db: float, dynamic_range_db: float
) -> NDArray[np.uint8]:
    """A B-mode image, (size_px, size_px) uint8, 0 outside the sector.

    Args:
        body: What is scanned.
        probe: Where from.
        rng: For the scatterers.
        gain_db: Above the usual.
        dynamic_range_db: From black to white.
    """
    level_db = beam_levels(body, probe, rng) + gain_db
    grey = np.clip((level_db + dynamic_range_db - WHITE_DB) / dynamic_range_db, 0.0, 1.0)
    indices, inside = probe.beam_indices()
    image = ndimage.map_coordinates(grey.astype(np.float32), indices, order=1, mode="nearest")
    return np.rint(np.where(inside, image, 0.0) * 255).astype(np.uint8)


def beam_levels(body: Body, probe: Probe, rng: np.random.Generator) -> FloatArray:
    """Decibels of the echo after time gain compensation, (samples, beams).

    Fully developed speckle is a complex normal field under the pulse's Gaussian envelope (Wagner et al., IEEE Trans
    Sonics Ultrason 30:156, 1983); the two-way attenuation is summed along each beam, less what the machine's time gain
    compensation adds, so that a stone shadows and a cyst brightens what is behind it.
    """
    points = probe.beam_points()
    step_mm = probe.depth_mm / (probe.samples - 1)
    echo = body.paint(points, lambda tissue: tissue.echo, texture_of=lambda t: t.texture * t.echo, background=0.0)
    impedance = body.paint(points, lambda tissue: tissue.impedance_mrayl, background=1.6)
    attenuation = body.paint(points, lambda tissue: tissue.attenuation_db_per_mm, background=TIME_GAIN_DB_PER_MM)
    scatterers = rng.standard_normal((2, *points.shape), dtype=np.float32)
    real, imaginary = (_pulse(part * np.maximum(echo, 0.0)) for part in scatterers)
    impedance_step = np.gradient(impedance, axis=0) / impedance
    roughness = 1.0 + 0.4 * _pulse(rng.standard_normal(points.shape, dtype=np.float32))
    reflected = REFLECTION_GAIN * np.abs(ndimage.gaussian_filter(impedance_step, (1.0, 0.7))) * roughness
    depth_mm = np.linspace(0, probe.depth_mm, probe.samples, dtype=np.float32)[:, None]
    loss_db = 2.0 * step_mm * np.cumsum(attenuation, axis=0) - 2.0 * TIME_GAIN_DB_PER_MM * depth_mm
    amplitude = np.hypot(real + reflected, imaginary) + np.float32(1e-4)
    levels: FloatArray = 20.0 * np.log10(amplitude) - np.minimum(loss_db, 60.0)
    return levels


def mask_in_plane(lesion: Lesion, probe: Probe) -> NDArray[np.bool_]:
    """The lesion's section with the image plane, inside the sector; (size_px, size_px)."""
    mask: NDArray[np.bool_] = lesion_mask(lesion, probe.pixel_points()) & probe.beam_indices()[1]
    return mask


def _pulse(field: FloatArray) -> FloatArray:
    """Blurred by the pulse's envelope, with the variance of unit white noise restored."""
    axial, lateral = 1.6, 1.0
    blurred: FloatArray = ndimage.gaussian_filter(field, (axial, lateral))
    # A Gaussian of width s leaves white noise a variance of 1 / (2 s sqrt(pi)) along each axis.
    return blurred * np.float32(np.sqrt(2 * axial * np.sqrt(np.pi) * 2 * lateral * np.sqrt(np.pi)))


def _points(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> Points:
    return Points(x.astype(np.float32), y.astype(np.float32), z.astype(np.float32))
