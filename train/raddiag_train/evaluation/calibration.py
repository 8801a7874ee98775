"""Platt scaling of disorders on validation logits, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.models.card import Calibration

LEAST_CASES = 10
# Weight of the prior slope 1, offset 0, in units of cases: a few hundred cases easily outweigh it.
PRIOR_STRENGTH = 1.0
NEWTON_STEPS = 100
CLASSES_AT_ONCE = 32


def fit_calibration(logits_N: NDArray[np.floating], targets_N: NDArray[np.bool_]) -> Calibration | None:
    """As `fit_calibrations`, of one disorder.

    Args:
        logits_N: (cases,) logits of one disorder, of the cases on which it can be assessed.
        targets_N: (cases,) whether the case has it.
    """
    return fit_calibrations(logits_N[:, None], targets_N[:, None])[0]


def fit_calibrations(
    logits_NK: NDArray[np.floating], targets_NK: NDArray[np.bool_], valid_NK: NDArray[np.bool_] | None = None
) -> list[Calibration | None]:
    """Fit probability = sigmoid(slope x logit + offset) for each disorder.

    Targets are smoothed as in Platt 1999 ("Probabilistic outputs for support vector machines", section 2.2), so that
    separable scores do not drive the slope to infinity; a weak ridge pulls towards the plain sigmoid.

    Args:
        logits_NK: (cases, classes).
        targets_NK: (cases, classes) whether the case has it.
        valid_NK: (cases, classes) False where a disorder cannot be assessed; None means it always can.

    Returns:
        None for a disorder with fewer than 10 positives or 10 negatives, or whose logits do not rise with it.
    """
    valid_NK = np.ones_like(targets_NK) if valid_NK is None else valid_NK
    positives_K = (targets_NK & valid_NK).sum(0)
    negatives_K = valid_NK.sum(0) - positives_K
    fitted: list[Calibration | None] = [None] * logits_NK.shape[1]
    enough = np.flatnonzero(np.minimum(positives_K, negatives_K) >= LEAST_CASES)
    for start in range(0, len(enough), CLASSES_AT_ONCE):
        block = enough[start : start + CLASSES_AT_ONCE]
        positive_K, negative_K = positives_K[block], negatives_K[block]
        smoothed_NK = np.where(targets_NK[:, block], (positive_K + 1) / (positive_K + 2), 1 / (negative_K + 2))
        parameters_2K = _minimise(logits_NK[:, block].astype(np.float64), smoothed_NK, valid_NK[:, block])
        for k, (slope, offset) in zip(block, parameters_2K.T, strict=True):
            fitted[k] = Calibration(float(slope), float(offset)) if slope > 0 else None
    return fitted


def calibrated(logits: NDArray[np.floating], calibration: Calibration | None) -> NDArray[np.float64]:
    """Probabilities of one disorder; the plain sigmoid without a calibration."""
    slope, offset = (calibration.slope, calibration.offset) if calibration else (1.0, 0.0)
    return _sigmoid(slope * np.asarray(logits, dtype=np.float64) + offset)


def _minimise(
    logits_NK: NDArray[np.float64], targets_NK: NDArray[np.float64], valid_NK: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Newton's method with step halving on the convex penalised log loss of each class; (2, K) slopes and offsets."""
    prior_21 = np.array([[1.0], [0.0]])
    parameters_2K = np.repeat(prior_21, logits_NK.shape[1], 1)

    def scores(parameters_2K: NDArray[np.float64]) -> NDArray[np.float64]:
        return parameters_2K[0] * logits_NK + parameters_2K[1]

    def loss(parameters_2K: NDArray[np.float64]) -> NDArray[np.float64]:
        scores_NK = scores(parameters_2K)
        data_NK = np.where(valid_NK, np.logaddexp(0, scores_NK) - targets_NK * scores_NK, 0.0)
        return data_NK.sum(0) + PRIOR_STRENGTH / 2 * ((parameters_2K - prior_21) ** 2).sum(0)

    for _ in range(NEWTON_STEPS):
        probabilities_NK = _sigmoid(scores(parameters_2K))
        errors_NK = np.where(valid_NK, probabilities_NK - targets_NK, 0.0)
        curvature_NK = np.where(valid_NK, probabilities_NK * (1 - probabilities_NK), 0.0)
        gradient_2K = np.stack([(errors_NK * logits_NK).sum(0), errors_NK.sum(0)])
        gradient_2K += PRIOR_STRENGTH * (parameters_2K - prior_21)
        direction_2K = _solved(
            (curvature_NK * logits_NK**2).sum(0) + PRIOR_STRENGTH,
            (curvature_NK * logits_NK).sum(0),
            curvature_NK.sum(0) + PRIOR_STRENGTH,
            gradient_2K,
        )
        sizes_K, current_K = np.ones(logits_NK.shape[1]), loss(parameters_2K)
        # The loss is compared to rounding: at the minimum a step changes nothing that its sum can show.
        while (worse_K := (sizes_K > 1e-6) & (loss(parameters_2K - sizes_K * direction_2K) > current_K)).any():
            sizes_K[worse_K] /= 2
        parameters_2K = parameters_2K - sizes_K * direction_2K
        if np.abs(sizes_K * direction_2K).max(initial=0.0) < 1e-9:
            break
    return parameters_2K


def _solved(
    a_K: NDArray[np.float64], b_K: NDArray[np.float64], d_K: NDArray[np.float64], right_2K: NDArray[np.float64]
) -> NDArray[np.float64]:
    """x of [[a, b], [b, d]] x = right, for each class."""
    determinant_K = a_K * d_K - b_K**2
    return np.stack([d_K * right_2K[0] - b_K * right_2K[1], a_K * right_2K[1] - b_K * right_2K[0]]) / determinant_K


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0, -values))
