"""The operating threshold of a disorder: the best F1 on the validation split (section 5.1.2 of the paper)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.models.card import OperatingPoint
from raddiag_train.evaluation.metrics import ranking_metrics


def fit_operating_point(
    probabilities_N: NDArray[np.floating], targets_N: NDArray[np.bool_], split: str = "validation"
) -> OperatingPoint | None:
    """As `fit_operating_points`, of one disorder.

    Args:
        probabilities_N: (cases,) probabilities of one disorder, of the cases on which it can be assessed.
        targets_N: (cases,) whether the case has it.
        split: Name of the split the cases are from.
    """
    return fit_operating_points(probabilities_N[:, None], targets_N[:, None], split=split)[0]


def fit_operating_points(
    probabilities_NK: NDArray[np.floating],
    targets_NK: NDArray[np.bool_],
    valid_NK: NDArray[np.bool_] | None = None,
    split: str = "validation",
) -> list[OperatingPoint | None]:
    """The threshold with the best F1 of each disorder, halfway between the two probabilities it separates.

    The middle is taken rather than the lower edge of the positives so that rounding in another precision does not
    flip the case the threshold was read from.

    Args:
        probabilities_NK: (cases, classes).
        targets_NK: (cases, classes) whether the case has it.
        valid_NK: (cases, classes) False where a disorder cannot be assessed; None means it always can.
        split: Name of the split the cases are from.

    Returns:
        None for a disorder without a positive or without a negative case to fit it on.
    """
    valid_NK = np.ones_like(targets_NK) if valid_NK is None else valid_NK
    ranking = ranking_metrics(probabilities_NK, targets_NK, valid_NK)
    edges_K = ranking.best_f1_threshold  # not a number without positives or negatives
    below_NK = valid_NK & (probabilities_NK < edges_K)
    lower_K = np.where(below_NK, probabilities_NK, 0.0).max(0, initial=0.0)
    thresholds_K = (edges_K + lower_K) / 2
    called_NK = probabilities_NK >= thresholds_K
    found_K = (called_NK & targets_NK & valid_NK).sum(0)
    spared_K = (~called_NK & ~targets_NK & valid_NK).sum(0)
    return [
        None
        if np.isnan(edges_K[k])
        else OperatingPoint(
            threshold=float(thresholds_K[k]),
            sensitivity=float(found_K[k] / ranking.positives[k]),
            specificity=float(spared_K[k] / ranking.negatives[k]),
            positives=int(ranking.positives[k]),
            split=split,
        )
        for k in range(probabilities_NK.shape[1])
    ]
