"""Logit adjustment by base rate, in its form for independent sigmoids (after Menon et al., ICLR 2021).

Menon et al. (arXiv 2007.07314) add tau log(prior) to the logits inside the softmax loss and leave it away in use. For a
class that is a yes or no of its own the prior is odds: tau x log(pi / (1 - pi)) is added to the logit z inside the
loss. With tau = 1 sigmoid(z) is then the probability that the case would have if one case in two had the disorder.

What is published gives probabilities, so the classifier's bias takes the adjustment in: sigmoid of the published logit
is the probability that the loss was taken of, at the base rates of training, for every disorder, whether or not there
are validation cases to calibrate it on. A shift is a monotone map of each class: AUC and AP are those of z, and so are
F1 and MCC at a fitted threshold. What is gained lies in the course of training.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from raddiag_engine.network.head import KnowledgeHead
from raddiag_engine.network.model import RadDiag


def adjusted_logits(logits_BK: Tensor, log_odds_K: Tensor, strength: float) -> Tensor:
    """What the loss is taken of.

    Args:
        logits_BK: Of the network in training.
        log_odds_K: Of the base rates.
        strength: tau; 0 changes nothing.
    """
    return logits_BK if strength == 0 else logits_BK + strength * log_odds_K


@torch.no_grad()
def with_adjusted_bias(network: RadDiag, adjustment_K: Tensor) -> RadDiag:
    """A copy of the network whose logits have the adjustment in them.

    A knowledge head without a bias gets one. Where predictions of scans are pooled by their mean, it is those of the
    scans that are adjusted.

    Args:
        network: Trained with the adjustment in its loss.
        adjustment_K: tau x log-odds of each class.
    """
    config, weights = network.config, dict(network.state_dict())
    if isinstance(network.head, KnowledgeHead):
        name = "head.bias_K"
        config = replace(config, head=replace(config.head, disorder_bias=True))
        weights.setdefault(name, torch.zeros_like(adjustment_K))
    else:
        layers = [own for own, module in network.head.named_modules() if isinstance(module, nn.Linear)]
        name = f"head.{layers[-1]}.bias"
    weights[name] = weights[name] + adjustment_K.to(weights[name])
    adjusted = RadDiag(config)
    adjusted.load_state_dict(weights)
    return adjusted.to(network.device).train(network.training)
