"""Several tokens a scan for the fusion, instead of one that averages all of it.

The k tokens of a scan lie side by side in its one embedding, of k times the width: what keeps, caches or differentiates
scan embeddings need not know of them. The fusion module takes them apart.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def token_grid(tokens: int) -> tuple[int, int]:
    """Rows and columns of a grid of so many cells, as near to a square as they divide: 4 is 2 x 2, 6 is 2 x 3."""
    rows = next(rows for rows in range(math.isqrt(tokens), 0, -1) if tokens % rows == 0)
    return rows, tokens // rows


def grid_tokens(features_NChw: Tensor, tokens: int) -> Tensor:
    """The means over the cells of a grid laid over feature maps, row by row: tokens_NTC.

    Args:
        features_NChw: Of any height and width; cells overlap where these are no multiple of the grid's.
        tokens: Cells T.
    """
    return F.adaptive_avg_pool2d(features_NChw, token_grid(tokens)).flatten(2).transpose(1, 2)


def slice_groups(mask_NL: Tensor, tokens: int) -> Tensor:
    """The slices of each token of a stack: mask_NTL, runs of slices that together cover it.

    A stack of fewer slices than tokens gives a slice to several of them, so that no token is ever without one.

    Args:
        mask_NL: True for a real slice; those of a stack come first.
        tokens: Groups T.
    """
    slices_N1 = mask_NL.sum(1, keepdim=True)
    token_T = torch.arange(tokens, device=mask_NL.device)
    first_NT = token_T * slices_N1 // tokens
    behind_NT = -(-(token_T + 1) * slices_N1 // tokens)
    slice_L = torch.arange(mask_NL.shape[1], device=mask_NL.device)
    return (slice_L >= first_NT[:, :, None]) & (slice_L < behind_NT[:, :, None])
