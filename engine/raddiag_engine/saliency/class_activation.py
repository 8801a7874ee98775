"""Grad-CAM and Respond-CAM through the fusion: one forward pass of each scan, a gradient per disorder.

Sources: Selvaraju et al., "Grad-CAM", ICCV 2017 (arXiv 1610.02391); Zhao et al., "Respond-CAM", MICCAI 2018
(arXiv 1806.00102).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.diagnosis.fusion import same_draw
from raddiag_engine.network.packing import NetworkScan

Weighting = Literal["gradcam", "respondcam"]


class ClassActivation:
    """Maps of any scan of a case for several disorders, at the resolution of the last layer that still has depth.

    The fusion is differentiated once per disorder, for all scans together. A scan's own costly part, from voxels to
    that layer, runs once and without a graph; each disorder then costs one pass back from the scan's embedding.

    A channel's weight is the *sum* of its gradient over positions, not the mean as printed: within a scan this only
    changes the unit, but between scans of different size it makes the mean of a map the scan's first-order share of
    the logit, so that maps of one case can be compared.

    Args:
        evidence: The set case.
        classes: Class indices.
        weighting: How the gradient becomes the weight of a channel.
        cancelled: Not asked: a scan takes one forward pass.
    """

    def __init__(
        self,
        evidence: CaseEvidence,
        classes: Sequence[int],
        weighting: Weighting = "gradcam",
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._network = evidence.network
        self._weighting = weighting
        self._gradients_KSC = _embedding_gradients(evidence, classes)

    def __call__(self, index: int, scan: NetworkScan) -> list[Tensor]:
        """For each class a map (h, w) or (d, h, w) of the scan of that index, not negative."""
        with torch.no_grad():
            features = self._network.spatial_features(scan).detach()
        with torch.enable_grad():
            features.requires_grad_()
            embedding_1C = self._network.embed_features(features, scan.is_volume)
        maps = []
        for gradient_C in self._gradients_KSC[:, index]:
            (gradient,) = torch.autograd.grad(embedding_1C, features, gradient_C[None], retain_graph=True)
            maps.append(_weighted(features.detach(), gradient, self._weighting))
        return maps


def _embedding_gradients(evidence: CaseEvidence, classes: Sequence[int]) -> Tensor:
    """Gradient of each class's logit with respect to each scan's embedding: (K, S, C)."""
    with torch.enable_grad():
        embeddings_1SC = evidence.embeddings_SC.detach().float().unsqueeze(0).requires_grad_()
        mask_1S = torch.ones(embeddings_1SC.shape[:2], dtype=torch.bool, device=embeddings_1SC.device)
        with same_draw(evidence.device):
            logits_K = evidence.network.diagnose(embeddings_1SC, evidence.modality_ids_S.unsqueeze(0), mask_1S)[0]
    gradients = [torch.autograd.grad(logits_K[k], embeddings_1SC, retain_graph=True)[0][0] for k in classes]
    return torch.stack(gradients)


def _weighted(activation: Tensor, gradient: Tensor, weighting: Weighting) -> Tensor:
    axes = tuple(range(2, activation.ndim))
    if weighting == "gradcam":
        weights = gradient.sum(axes, keepdim=True)
    else:
        total = activation.sum(axes, keepdim=True)
        mean_gradient = (gradient * activation).sum(axes, keepdim=True) / torch.where(total == 0, 1.0, total)
        weights = mean_gradient * activation[0, 0].numel()
    return (weights * activation).sum(dim=1)[0].clamp_min(0).float()
