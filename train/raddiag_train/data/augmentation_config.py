"""What augmentation does to a scan, and how often: the table [augmentation] of a recipe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AugmentationConfig:
    """What is done to a scan, and how often. A probability of 0 switches a part off.

    Attributes:
        reference_size_px: Lengths in px below are for slices of this size, and scale with it.
        affine_probability: In-plane rotation, translation, scale and shear together.
        rotation_degrees: Largest, either way.
        translation_px: Largest, either way, along each axis.
        scale: Largest relative change, along each axis on its own.
        shear: Largest, either way.
        elastic_probability: Smooth deformation in the slice.
        elastic_sigma_px: Range of the standard deviation of its smoothing.
        elastic_magnitude_px: Range of its factor on the smoothed uniform noise.
        elastic_scale: Largest relative change of size that goes with it, along each axis on its own.
        flip_probability: Left and right exchanged, in all scans of a case alike. Off in the paper.
        noise_probability: Gaussian noise.
        noise_std: Its largest standard deviation; the one used is uniform below it.
        contrast_probability: value ** gamma, between the least and the greatest value of the scan.
        gamma: Range of gamma.
        intensity_probability: value x (1 + scale) + shift.
        intensity_scale: Largest, either way.
        intensity_shift: Largest, either way.
        erase_probability: A rectangle painted over.
        erase_fraction: Range of its height and width, of the slice.
        border_probability: Margins painted over.
        border_fraction: Largest width of a margin, of the slice.
        corner_probability: Each corner painted over with even odds.
        corner_fraction: Range of a corner's height and width, of the slice.
    """

    reference_size_px: int = 256
    affine_probability: float = 0.15
    rotation_degrees: float = 15.0
    translation_px: float = 10.0
    scale: float = 0.1
    shear: float = 0.2
    elastic_probability: float = 0.15
    elastic_sigma_px: tuple[float, float] = (5.0, 7.0)
    elastic_magnitude_px: tuple[float, float] = (10.0, 20.0)
    elastic_scale: float = 0.1
    flip_probability: float = 0.0
    noise_probability: float = 0.15
    noise_std: float = 0.07
    contrast_probability: float = 0.15
    gamma: tuple[float, float] = (0.5, 1.5)
    intensity_probability: float = 0.0
    intensity_scale: float = 0.15
    intensity_shift: float = 0.08
    erase_probability: float = 0.0
    erase_fraction: tuple[float, float] = (0.1, 0.25)
    border_probability: float = 0.0
    border_fraction: float = 0.08
    corner_probability: float = 0.0
    corner_fraction: tuple[float, float] = (0.05, 0.3)
