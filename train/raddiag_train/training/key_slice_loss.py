"""The release's supervision of the attention over slices by the key slice, the one that shows the finding best.

The softmax of the scores from the cls token to a scan's slices is drawn to a Gaussian around its key slice, cut at the
scan's depth: symmetric Kullback-Leibler divergence, KL(attention, Gaussian) + KL(Gaussian, attention).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from raddiag_engine.network.packing import PackedBatch

STD_SHARE = 1 / 16  # standard deviation of the Gaussian, of the scan's depth


def key_slice_loss(
    scores: Sequence[Tensor],
    scans: PackedBatch,
    key_slices: Sequence[Tensor],
    total: Callable[[Tensor], Tensor] = lambda tensor: tensor,
) -> Tensor:
    """The mean divergence over the scans in use whose key slice is known; 0 if there is none.

    Args:
        scores: Of each group, scores_NL, -inf beyond a scan's last slice.
        scans: The batch.
        key_slices: Of each group, int64 (N,), the position of the key slice among the prepared ones; -1 if not known.
        total: Adds up a tensor over the processes that share the batch's scans.
    """
    in_use = scans.mask_BS.flatten()
    # Of no score, but in the graph of every process, so that all meet in the backward pass of `total`.
    loss = torch.stack([scores_NL.flatten()[:0].float().sum() for scores_NL in scores]).sum()
    counted = 0
    for group, scores_NL, keys_N in zip(scans.groups, scores, key_slices, strict=True):
        rows = torch.nonzero((keys_N >= 0) & in_use[group.slots_N]).flatten()
        if len(rows):
            loss = loss + divergence_from_key_slice(scores_NL[rows], keys_N[rows]).sum()
            counted += len(rows)
    loss_and_counted = total(torch.stack([loss, loss.new_tensor(float(counted))]))
    return loss_and_counted[0] / loss_and_counted[1].detach().clamp(min=1)


def divergence_from_key_slice(scores_NL: Tensor, keys_N: Tensor) -> Tensor:
    """The symmetric divergence of each scan, (N,).

    Args:
        scores_NL: -inf beyond a scan's last slice.
        keys_N: Position of the key slice.
    """
    real_NL = scores_NL > -torch.inf
    std_N1 = real_NL.sum(1, keepdim=True) * STD_SHARE
    slice_L = torch.arange(scores_NL.shape[1], device=scores_NL.device)
    heights_NL = -(((slice_L - keys_N[:, None]) / std_N1) ** 2) / 2
    log_wanted_NL = heights_NL.masked_fill(~real_NL, -torch.inf).log_softmax(1)
    log_found_NL = scores_NL.log_softmax(1)
    # Beyond the depth both are 0, and the difference of their logarithms is no number.
    apart_NL = torch.where(real_NL, log_found_NL, 0.0) - torch.where(real_NL, log_wanted_NL, 0.0)
    return ((log_found_NL.exp() - log_wanted_NL.exp()) * apart_NL).sum(1)
