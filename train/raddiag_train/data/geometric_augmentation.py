"""In-plane affine and elastic deformation of a whole batch with one resampling.

Slices of a volume are channels here: they share one deformation, so a volume needs no 3D interpolation.
Pixel coordinates are (row, column), counted from the centre of the slice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def affine_matrices(rotation_N: Tensor, shear_N2: Tensor, translation_px_N2: Tensor, scale_N2: Tensor) -> Tensor:
    """Maps from output to input pixels: rotation x shear x translation x scale, applied right to left.

    Args:
        rotation_N: Radians.
        shear_N2: Of the row by the column, then of the column by the row.
        translation_px_N2: Along rows and columns.
        scale_N2: Along rows and columns; above 1 shrinks the picture.

    Returns:
        (N, 2, 3), float32.
    """
    cos, sin = rotation_N.cos(), rotation_N.sin()
    rotation = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)
    by_column, by_row = shear_N2.unbind(-1)
    one = torch.ones_like(cos)
    # One axis after the other, so that the area stays.
    shear = torch.stack(
        [torch.stack([one, by_column], -1), torch.stack([by_row, one + by_row * by_column], -1)],
        -2,
    )
    turned = rotation @ shear
    return torch.cat([turned * scale_N2[:, None, :], turned @ translation_px_N2[:, :, None]], -1)


def sampling_grid(matrices: Tensor, height_px: int, width_px: int) -> Tensor:
    """Where each output pixel is sampled.

    Args:
        matrices: (N, 2, 3) of `affine_matrices`.
        height_px: Of a slice.
        width_px: Of a slice.

    Returns:
        (N, H, W, 2), (x, y) in [-1, 1] across the slice from edge to edge, as `grid_sample` takes it.
    """
    return F.affine_grid(_theta(matrices, height_px, width_px), [len(matrices), 1, height_px, width_px], False)


def elastic_grid(matrices: Tensor, displacement_NHW2: Tensor, scale_N2: Tensor) -> Tensor:
    """Where each output pixel is sampled if a slice is first mapped by a matrix and then deformed and scaled.

    As MONAI's Rand3DElastic with border padding after its RandAffine with zeros: what the deformation asks for outside
    the slice is taken from its border.

    Args:
        matrices: (N, 2, 3) of `affine_matrices`.
        displacement_NHW2: Of `elastic_displacement`.
        scale_N2: Along rows and columns; above 1 shrinks the picture.

    Returns:
        As `sampling_grid`.
    """
    height_px, width_px = displacement_NHW2.shape[1:3]
    theta_N23 = _theta(matrices, height_px, width_px)
    identity = torch.eye(2, 3, device=theta_N23.device)[None]
    places_1HW2 = F.affine_grid(identity, [1, 1, height_px, width_px], False)
    deformed_NHW2 = (places_1HW2 + displacement_NHW2) * scale_N2.flip(1)[:, None, None]
    border_2 = 1 - 1 / torch.tensor([width_px, height_px], dtype=torch.float32, device=theta_N23.device)
    deformed_NHW2 = torch.minimum(torch.maximum(deformed_NHW2, -border_2), border_2)
    mapped_NHW2 = torch.einsum("nij,nhwj->nhwi", theta_N23[:, :, :2], deformed_NHW2)
    return mapped_NHW2 + theta_N23[:, None, None, :, 2]


def _theta(matrices: Tensor, height_px: int, width_px: int) -> Tensor:
    """Matrices in pixels as those between (x, y) in [-1, 1] that `affine_grid` takes, (N, 2, 3)."""
    ratio = width_px / height_px
    y = torch.stack([matrices[:, 0, 1] * ratio, matrices[:, 0, 0], matrices[:, 0, 2] * (2 / height_px)], -1)
    x = torch.stack([matrices[:, 1, 1], matrices[:, 1, 0] / ratio, matrices[:, 1, 2] * (2 / width_px)], -1)
    return torch.stack([x, y], -2)


def elastic_displacement(noise_N2HW: Tensor, sigma_px_N: Sequence[float], magnitude_px_N: Tensor) -> Tensor:
    """Smooth random displacement: noise under a Gaussian of unit sum, times the magnitude.

    Args:
        noise_N2HW: Uniform in [-1, 1], along x and y.
        sigma_px_N: Standard deviation of the Gaussian.
        magnitude_px_N: Factor on the smoothed noise.

    Returns:
        (N, H, W, 2) to be added to a sampling grid.
    """
    samples, axes, height_px, width_px = noise_N2HW.shape
    radius = math.ceil(3 * max(sigma_px_N))
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    sigma_N1 = torch.tensor(sigma_px_N)[:, None]
    # Each is cut off at its own radius, so that a displacement does not depend on what else is in the batch.
    kernels = torch.exp(-0.5 * (offsets / sigma_N1) ** 2) * (offsets.abs() <= (3 * sigma_N1).ceil())
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(axes, 0)
    kernels = kernels.to(noise_N2HW.device, non_blocking=True)
    channels = samples * axes
    smooth = noise_N2HW.reshape(1, channels, height_px, width_px)
    smooth = F.conv2d(smooth, kernels[:, None, :, None], padding=(radius, 0), groups=channels)
    smooth = F.conv2d(smooth, kernels[:, None, None, :], padding=(0, radius), groups=channels)
    displacement = smooth.view(samples, axes, height_px, width_px) * magnitude_px_N[:, None, None, None]
    per_px = torch.tensor([2 / width_px, 2 / height_px], device=noise_N2HW.device)
    return displacement.permute(0, 2, 3, 1) * per_px


def resample(voxels_NSHW: Tensor, grid_NHW2: Tensor, *, nearest: bool = False) -> Tensor:
    """Bilinear sampling, or of the nearest voxel as for a map of numbers; 0 outside the slice."""
    mode = "nearest" if nearest else "bilinear"
    return F.grid_sample(voxels_NSHW, grid_NHW2, mode=mode, padding_mode="zeros", align_corners=False)
