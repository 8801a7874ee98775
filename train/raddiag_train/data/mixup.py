"""Mixup of single-image cases (Zhang et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from raddiag_engine.network.packing import PackedBatch, ScanGroup


def mixup_images(
    batch: PackedBatch,
    labels_BK: Tensor,
    alpha: float,
    generator: torch.Generator,
    total: Callable[[Tensor], Tensor] = lambda tensor: tensor,
) -> tuple[PackedBatch, Tensor]:
    """Blend cases of one image each with one another, inputs and targets alike.

    A case keeps the larger share of itself, and with it its modality. Cases of several scans, whether in use or left
    out, and volumes stay.

    Args:
        batch: Voxels float32 in [0, 1].
        labels_BK: Targets.
        alpha: Of the symmetric Beta distribution the shares are drawn from; 0 for none.
        generator: On the CPU.
        total: Adds up a tensor over the processes that share the batch's scans.

    Returns:
        The batch and its targets.
    """
    if alpha <= 0:
        return batch, labels_BK
    labels_BK = labels_BK.clone()
    most_scans = batch.mask_BS.shape[1]
    slots = torch.cat([_all_slots(group) for group in batch.groups])
    single_B = torch.bincount(slots // most_scans, minlength=len(batch.mask_BS)) == 1
    groups = []
    for group in batch.groups:
        cases_A = _all_slots(group) // most_scans
        chosen = torch.nonzero(single_B[cases_A]).flatten()
        if group.kind != "images" or len(chosen) < 2:
            groups.append(group)
            continue
        partners = chosen[torch.randperm(len(chosen), generator=generator).to(chosen.device)]
        share = _shares(len(chosen), alpha, generator).to(group.voxels.device)
        voxels = _all_voxels(group, total)
        voxels[chosen] = _blend(voxels[chosen], voxels[partners], share)
        old = labels_BK.clone()
        labels_BK[cases_A[chosen]] = _blend(old[cases_A[chosen]], old[cases_A[partners]], share)
        groups.append(replace(group, voxels=voxels if group.rows is None else voxels[group.rows.rows_N]))
    return replace(batch, groups=tuple(groups)), labels_BK


def _all_slots(group: ScanGroup) -> Tensor:
    """Slots of all scans of a group, of this process or not."""
    return group.slots_N if group.rows is None else group.rows.slots_A.to(group.slots_N.device)


def _all_voxels(group: ScanGroup, total: Callable[[Tensor], Tensor]) -> Tensor:
    """A copy of the voxels of all scans of a group."""
    if group.rows is None:
        return group.voxels.clone()
    voxels = group.voxels.new_zeros(len(group.rows.slots_A), *group.voxels.shape[1:])
    voxels[group.rows.rows_N] = group.voxels
    return total(voxels)


def _shares(count: int, alpha: float, generator: torch.Generator) -> Tensor:
    """Shares of the case itself, in [0.5, 1]: Beta(alpha, alpha), folded."""
    # torch's Beta takes no generator; two Gamma draws of one shape make a Beta.
    concentration = torch.full((2, count), alpha)
    first, second = torch._standard_gamma(concentration, generator=generator).clamp_min(1e-30)
    share = first / (first + second)
    return torch.maximum(share, 1.0 - share)


def _blend(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    share = share.view(-1, *[1] * (own.ndim - 1))
    return own * share + other * (1.0 - share)
