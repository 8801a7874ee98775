"""Borders, corners and rectangles painted over, so that burned-in text and frames are not what is learned."""

from __future__ import annotations

import torch
from torch import Tensor


def rectangles(bounds_N4: Tensor, height_px: int, width_px: int) -> Tensor:
    """Pixels inside a rectangle a sample.

    Args:
        bounds_N4: top, bottom, left, right as fractions of the slice; bottom and right are exclusive.
        height_px: Of a slice.
        width_px: Of a slice.

    Returns:
        (N, H, W), True inside.
    """
    rows_H1 = ((torch.arange(height_px, device=bounds_N4.device) + 0.5) / height_px)[:, None]
    columns_1W = ((torch.arange(width_px, device=bounds_N4.device) + 0.5) / width_px)[None, :]
    top, bottom, left, right = bounds_N4[:, :, None, None].unbind(1)
    return (rows_H1 >= top) & (rows_H1 < bottom) & (columns_1W >= left) & (columns_1W < right)


def borders(margins_N4: Tensor, height_px: int, width_px: int) -> Tensor:
    """Pixels in the margins (top, bottom, left, right, as fractions of the slice): (N, H, W), True in a margin."""
    top, bottom, left, right = margins_N4.unbind(1)
    return ~rectangles(torch.stack([top, 1 - bottom, left, 1 - right], 1), height_px, width_px)


def corners(sizes_N42: Tensor, height_px: int, width_px: int) -> Tensor:
    """Pixels in the corners of a slice.

    Args:
        sizes_N42: Height and width, as fractions of the slice, of the corners top left, top right, bottom left and
            bottom right; 0 for none.
        height_px: Of a slice.
        width_px: Of a slice.

    Returns:
        (N, H, W), True in a corner.
    """
    inside = torch.zeros(len(sizes_N42), height_px, width_px, dtype=torch.bool, device=sizes_N42.device)
    for corner in range(4):
        high, wide = sizes_N42[:, corner].unbind(1)
        nothing, whole = torch.zeros_like(high), torch.ones_like(high)
        vertical = (nothing, high) if corner < 2 else (1 - high, whole)
        horizontal = (nothing, wide) if corner % 2 == 0 else (1 - wide, whole)
        inside |= rectangles(torch.stack([*vertical, *horizontal], 1), height_px, width_px)
    return inside
