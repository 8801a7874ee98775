"""Logit adjustment by base rate, in its form for independent sigmoids (after Menon et al., ICLR 2021).

Menon et al. (arXiv 2007.07314) add tau log(prior) to the logits inside the softmax loss and leave it away in use. For a
class that is a yes or no of its own the prior is odds: tau x log(pi / (1 - pi)) is added to the logit z inside the
loss. With tau = 1 sigmoid(z) is then the probability that the case would have if one case in two had the disorder, so
that logits of a rare and a frequent disorder can be compared. A threshold or a calibration fitted later is a monotone
map of each class, so that AUC and AP of a class gain nothing by themselves; F1 and MCC at 0.5, the rank of the
disorders within a case and the course of training do.
"""

from __future__ import annotations

from torch import Tensor


def adjusted_logits(logits_BK: Tensor, log_odds_K: Tensor, strength: float) -> Tensor:
    """What the loss is taken of.

    Args:
        logits_BK: Of the network, as they will be used.
        log_odds_K: Of the base rates.
        strength: tau; 0 changes nothing.
    """
    return logits_BK if strength == 0 else logits_BK + strength * log_odds_K
