"""The multi-label loss and the bias it starts from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from raddiag_train.training.asymmetric_loss import asymmetric_terms
from raddiag_train.training.logit_adjustment import adjusted_logits
from raddiag_train.training.loss_config import LossConfig


@dataclass(frozen=True, eq=False)
class LabelLoss:
    """The loss of the labels that a recipe asks for: summed over the classes, averaged over the cases.

    Attributes:
        config: Which loss.
        log_odds_K: Of the base rates, for logit adjustment.
        weights_K: Of each class: 1 for a disorder, less for an ancestor; None if all are 1.
    """

    config: LossConfig
    log_odds_K: Tensor
    weights_K: Tensor | None

    @property
    def adjustment_K(self) -> Tensor | None:
        """What the loss adds to the logits (`logit_adjustment.py`); None if nothing."""
        return self.config.logit_adjustment * self.log_odds_K if self.config.logit_adjustment else None

    def __call__(self, logits_BK: Tensor, targets_BK: Tensor, known_BK: Tensor | None = None) -> Tensor:
        """As `binary_cross_entropy`, of the configured kind."""
        config = self.config
        logits_BK = adjusted_logits(logits_BK.float(), self.log_odds_K, config.logit_adjustment)
        if config.kind == "asymmetric":
            terms_BK = asymmetric_terms(
                logits_BK, targets_BK, config.gamma_negative, config.gamma_positive, config.margin
            )
        else:
            terms_BK = cross_entropy_terms(logits_BK, targets_BK)
        if self.weights_K is not None:
            terms_BK = terms_BK * self.weights_K
        return _mean_over_cases(terms_BK, known_BK)


def label_loss(config: LossConfig, log_odds_K: Tensor, disorders: int) -> LabelLoss:
    """The loss for a label space.

    Args:
        config: Which loss.
        log_odds_K: Of the base rates of all K classes, on the device of the loss.
        disorders: How many of the classes are disorders; those behind them are ancestors.
    """
    weights_K = None
    if disorders < len(log_odds_K):
        weights_K = torch.ones_like(log_odds_K)
        weights_K[disorders:] = config.ancestor_weight
    return LabelLoss(config, log_odds_K, weights_K)


def binary_cross_entropy(logits_BK: Tensor, targets_BK: Tensor, mask_BK: Tensor | None = None) -> Tensor:
    """Binary cross-entropy, summed over the classes and averaged over the cases.

    Args:
        logits_BK: (cases, classes), any floating type; computed in float32.
        targets_BK: (cases, classes) in [0, 1]; soft where cases are mixed.
        mask_BK: (cases, classes), 0 where the label is not known; None means all are known.
    """
    return _mean_over_cases(cross_entropy_terms(logits_BK, targets_BK), mask_BK)


def cross_entropy_terms(logits_BK: Tensor, targets_BK: Tensor) -> Tensor:
    """The binary cross-entropy of every case and class, (B, K), float32."""
    return F.binary_cross_entropy_with_logits(logits_BK.float(), targets_BK.float(), reduction="none")


def prior_log_odds(positives_K: Tensor, cases: float) -> Tensor:
    """The log-odds of every class among the training cases as they are sampled, (K,).

    A classifier whose bias starts here predicts the base rates at once and spends no steps on unlearning 50 %.
    One case of each outcome is added, so that an absent class stays finite.

    Args:
        positives_K: Positive cases of each class, each counted as often as it is seen in an epoch.
        cases: Cases of an epoch, counted alike.
    """
    positives_K = positives_K.double()
    return torch.log((positives_K + 1) / (cases - positives_K + 1)).float()


def _mean_over_cases(terms_BK: Tensor, known_BK: Tensor | None) -> Tensor:
    return (terms_BK if known_BK is None else terms_BK * known_BK).sum(1).mean()
