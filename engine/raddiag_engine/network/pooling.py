"""The supplement's parameter-free baselines: the predictions of a scan-level classifier, pooled over the case."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PoolingKind = Literal["random", "max", "mean"]


def pool_predictions(logits_BSK: Tensor, mask_BS: Tensor, kind: PoolingKind) -> Tensor:
    """Case-level logits from scan-level logits (supplement, section 11).

    "max" and "mean" are taken over the probabilities and given back as a logit: sigmoid of the result is the
    pooled probability. (For "max" that is the largest logit.) "random" takes the prediction of one scan, drawn
    anew at each call from torch's generator: seed it with `torch.manual_seed` to repeat a pick.

    Args:
        logits_BSK: Of each scan.
        mask_BS: True for a real scan; every case must have one.
        kind: "random", "max" or "mean".

    Returns:
        logits_BK.
    """
    if kind == "random":
        draw_BS = torch.rand(mask_BS.shape, device=mask_BS.device).masked_fill(~mask_BS, -1.0)
        return logits_BSK[torch.arange(len(mask_BS), device=mask_BS.device), draw_BS.argmax(1)]
    logits_BSK = logits_BSK.masked_fill(~mask_BS[:, :, None], -math.inf)
    if kind == "max":
        return logits_BSK.amax(1)
    # log(mean p) - log(1 - mean p); the number of scans cancels, and large logits do not saturate.
    logits_BSK = logits_BSK.masked_fill(~mask_BS[:, :, None], 0.0)
    absent_BS1 = torch.zeros_like(mask_BS, dtype=logits_BSK.dtype).masked_fill(~mask_BS, -math.inf)[:, :, None]
    log_p_BK = torch.logsumexp(F.logsigmoid(logits_BSK) + absent_BS1, 1)
    log_q_BK = torch.logsumexp(F.logsigmoid(-logits_BSK) + absent_BS1, 1)
    return log_p_BK - log_q_BK
