"""The multi-label loss and the bias it starts from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def binary_cross_entropy(logits_BK: Tensor, targets_BK: Tensor, mask_BK: Tensor | None = None) -> Tensor:
    """Binary cross-entropy, summed over the classes and averaged over the cases.

    Args:
        logits_BK: (cases, classes), any floating type; computed in float32.
        targets_BK: (cases, classes) in [0, 1]; soft where cases are mixed.
        mask_BK: (cases, classes), 0 where the label is not known; None means all are known.
    """
    loss_BK = F.binary_cross_entropy_with_logits(logits_BK.float(), targets_BK.float(), reduction="none")
    if mask_BK is not None:
        loss_BK = loss_BK * mask_BK
    return loss_BK.sum(1).mean()


def prior_log_odds(targets_NK: Tensor, weights_N: Tensor) -> Tensor:
    """The log-odds of every class among the training cases as they are sampled, (K,).

    A classifier whose bias starts here predicts the base rates at once and spends no steps on unlearning 50 %.
    One case of each outcome is added, so that an absent class stays finite.
    """
    positives_K = (targets_NK.double() * weights_N.double()[:, None]).sum(0)
    negatives_K = weights_N.double().sum() - positives_K
    return torch.log((positives_K + 1) / (negatives_K + 1)).float()
