"""The asymmetric loss for multi-label classification (Ridnik et al., ICCV 2021, arXiv 2009.14119, equations 4 to 7)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def asymmetric_terms(
    logits_BK: Tensor, targets_BK: Tensor, gamma_negative: float, gamma_positive: float, margin: float
) -> Tensor:
    """The loss of every case and class, (B, K), float32.

    With p the probability and p_m = max(p - margin, 0), a positive costs -(1 - p)^gamma+ log p and a negative
    -p_m^gamma- log(1 - p_m); a soft target blends the two. The focusing factors count as constants, as in the authors'
    training code: the gradient is that of the logarithms. Equal to binary cross-entropy at 0, 0, 0.

    Args:
        logits_BK: Any floating type.
        targets_BK: In [0, 1].
        gamma_negative: At least 0.
        gamma_positive: At least 0.
        margin: In [0, 1).
    """
    logits_BK, targets_BK = logits_BK.float(), targets_BK.float()
    log_p_BK = F.logsigmoid(logits_BK)
    if margin > 0:
        log_q_BK = (torch.sigmoid(-logits_BK) + margin).clamp(max=1.0).log()
    else:
        log_q_BK = F.logsigmoid(-logits_BK)
    with torch.no_grad():
        positive_focus_BK = torch.sigmoid(-logits_BK) ** gamma_positive
        negative_focus_BK = (torch.sigmoid(logits_BK) - margin).clamp(min=0.0) ** gamma_negative
    return -targets_BK * positive_focus_BK * log_p_BK - (1.0 - targets_BK) * negative_focus_BK * log_q_BK
