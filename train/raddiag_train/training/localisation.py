"""Right for the right reason: where a lesion's mask is known, the disorder's class activation map must peak in it.

The map is the one that Grad-CAM shows (Selvaraju et al. 2017, arXiv 1610.02391): channels of the last features with
depth, weighted by the summed gradient of the logit. Its softmax over positions should lie inside the mask, as the
release's key-slice loss asks of attention over slices. A position counts by how much of its *centre* the mask covers,
because that is where a map brought to the scan's resolution has its peak: of the cells that a phantom's lesion merely
touches, most have their centre beside it. Only the features are pushed: the weights count as constants, so that no
second derivative is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from raddiag_engine.network.packing import PackedBatch
from raddiag_train.data.lesion_batches import GroupLesions, MaskedScans, shown_disorders

LEAST_CENTRE = 0.5  # of a cell's centre, that a lesion must cover for the centres to decide


def localisation_loss(
    logits_BK: Tensor,
    features: Sequence[Tensor],
    scans: PackedBatch,
    lesions: Sequence[GroupLesions | None],
    masked: MaskedScans,
    generator: torch.Generator,
    volume_factor: float = 1.0,
    total: Callable[[Tensor], Tensor] = lambda tensor: tensor,
) -> Tensor:
    """Minus the logarithm of the map's share inside the lesion, averaged over the scans that show one.

    One disorder a case, drawn at random among those with a mask, is asked for: its gradient is then one pass back.

    Args:
        logits_BK: Of the batch, computed from `features`.
        features: Of each group, (N, C, h, w) or (N, C, d, h, w).
        scans: The batch.
        lesions: Of each group.
        masked: Says which scans of the batch have a mask.
        generator: On the CPU; draws the disorder.
        volume_factor: What a volume counts for where an image counts for one; its lesion is a smaller part of it.
        total: Adds up a tensor over the processes that share the batch's scans.

    Returns:
        A scalar; 0 if no scan of the batch shows a lesion.
    """
    asked_B = _asked(masked, scans.mask_BS, logits_BK.shape[1], generator)
    cases_B = torch.nonzero(asked_B >= 0).flatten()
    loss = logits_BK.new_zeros((), dtype=torch.float32)
    if len(cases_B) == 0:
        return loss
    asked_logits = logits_BK[cases_B, asked_B[cases_B]].sum()
    gradients = torch.autograd.grad(asked_logits, features, retain_graph=True, allow_unused=True)
    # Of no voxel, but in the graph of every process, so that all meet in the backward pass of `total`.
    loss = loss + torch.stack([feature_map.flatten()[:0].float().sum() for feature_map in features]).sum()
    shown = 0
    for group, feature_map, gradient, of_group in zip(scans.groups, features, gradients, lesions, strict=True):
        if of_group is None or gradient is None:
            continue
        slots_R = group.slots_N[of_group.rows_R]
        asked_R = asked_B[slots_R // scans.mask_BS.shape[1]]
        inside_RP = share_in_lesion(of_group, asked_R, feature_map.shape[2:])
        counts_R = (inside_RP > 0).any(1) & scans.mask_BS.flatten()[slots_R]
        if counts_R.any():
            rows = of_group.rows_R[counts_R]
            log_shares = log_share_inside(feature_map[rows], gradient[rows], inside_RP[counts_R])
            loss = loss - log_shares.sum() * (volume_factor if feature_map.ndim == 5 else 1.0)
            shown += len(rows)
    loss_and_shown = total(torch.stack([loss, loss.new_tensor(float(shown))]))
    return loss_and_shown[0] / loss_and_shown[1].detach().clamp(min=1)


def log_share_inside(features: Tensor, gradient: Tensor, inside_NP: Tensor) -> Tensor:
    """Logarithm of the share of the softmax over positions of the class activation map that lies inside, (N,).

    Args:
        features: (N, C, h, w) or (N, C, d, h, w).
        gradient: Of the logit with respect to them; only its direction counts, so that a confident logit has no
            sharper map than an unsure one.
        inside_NP: How far each position lies inside the lesion, from 0 to 1; above 0 at one position a row at least.
    """
    weights_NC = F.normalize(gradient.float().flatten(2).sum(2), dim=1)
    map_NP = torch.einsum("nc,ncp->np", weights_NC, features.float().flatten(2))
    inside_N = (map_NP + inside_NP.float().log()).logsumexp(1)
    return inside_N - map_NP.logsumexp(1)


def _asked(masked: MaskedScans, mask_BS: Tensor, classes: int, generator: torch.Generator) -> Tensor:
    """For each case the class whose map is asked for, drawn among those with a mask; -1 for none."""
    masked_BK = shown_disorders(masked, torch.ones(mask_BS.shape, dtype=torch.bool), classes)
    draws_BK = torch.rand(masked_BK.shape, generator=generator).masked_fill(~masked_BK, -1.0)
    return torch.where(masked_BK.any(1), draws_BK.argmax(1), -1).to(mask_BS.device)


def share_in_lesion(lesions: GroupLesions, asked_R: Tensor, grid: torch.Size) -> Tensor:
    """How much of the centre of each cell of a feature grid the lesion asked for covers, from 0 to 1.

    A lesion that lies between the centres counts where it covers most of a cell, with 1 for the fullest.

    Args:
        lesions: Of a group.
        asked_R: The class asked for in each scan.
        grid: (h, w) or (d, h, w).

    Returns:
        (R, positions); all 0 for a scan in which the class has no mask.
    """
    number_R = torch.where(lesions.classes_RM == asked_R[:, None], 1, 0)
    asked_number_R = torch.where(number_R.any(1), number_R.argmax(1) + 1, -1)
    lesion = (lesions.maps_RDHW == asked_number_R[:, None, None, None]).float()[:, None]
    depth, height, width = (1, *grid) if len(grid) == 2 else tuple(grid)
    cells = (depth, height, width)
    centres_RP = F.interpolate(lesion, size=cells, mode="trilinear", align_corners=False).flatten(1)
    covers_RP = F.adaptive_avg_pool3d(lesion, cells).flatten(1)
    fullest_R1 = covers_RP.amax(1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    return torch.where((centres_RP >= LEAST_CENTRE).any(1, keepdim=True), centres_RP, covers_RP / fullest_R1)
