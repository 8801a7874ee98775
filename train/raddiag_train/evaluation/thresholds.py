"""The operating threshold of a disorder: the best F1 on the validation split (section 5.1.2 of the paper)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.models.card import OperatingPoint
from raddiag_train.evaluation.metrics import ranking_metrics


def fit_operating_point(
    probabilities_N: NDArray[np.floating], targets_N: NDArray[np.bool_], split: str = "validation"
) -> OperatingPoint | None:
    """The threshold with the best F1, halfway between the two probabilities it separates.

    The middle is taken rather than the lower edge of the positives so that rounding in another precision does not
    flip the case the threshold was read from.

    Args:
        probabilities_N: (cases,) probabilities of one disorder, of the cases on which it can be assessed.
        targets_N: (cases,) whether the case has it.
        split: Name of the split the cases are from.

    Returns:
        None if there is no positive or no negative case to fit it on.
    """
    positives = int(targets_N.sum())
    if positives in (0, len(targets_N)):
        return None
    edge = float(ranking_metrics(probabilities_N[:, None], targets_N[:, None]).best_f1_threshold[0])
    lower = probabilities_N[probabilities_N < edge]
    threshold = (edge + float(lower.max(initial=0.0))) / 2
    called_N = probabilities_N >= threshold
    return OperatingPoint(
        threshold=threshold,
        sensitivity=float(called_N[targets_N].mean()),
        specificity=float(1 - called_N[~targets_N].mean()),
        positives=positives,
        split=split,
    )
