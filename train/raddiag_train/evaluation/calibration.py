"""Platt scaling of one disorder on validation logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.models.card import Calibration

LEAST_CASES = 10
# Weight of the prior slope 1, offset 0, in units of cases: a few hundred cases easily outweigh it.
PRIOR_STRENGTH = 1.0
NEWTON_STEPS = 100


def fit_calibration(logits_N: NDArray[np.floating], targets_N: NDArray[np.bool_]) -> Calibration | None:
    """Fit probability = sigmoid(slope x logit + offset).

    Targets are smoothed as in Platt 1999 ("Probabilistic outputs for support vector machines", section 2.2), so that
    separable scores do not drive the slope to infinity; a weak ridge pulls towards the plain sigmoid.

    Args:
        logits_N: (cases,) logits of one disorder, of the cases on which it can be assessed.
        targets_N: (cases,) whether the case has it.

    Returns:
        None with fewer than 10 positives or 10 negatives, or if the logits do not rise with the disorder.
    """
    positives = int(targets_N.sum())
    negatives = len(targets_N) - positives
    if min(positives, negatives) < LEAST_CASES:
        return None
    smoothed_N = np.where(targets_N, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, offset = _minimise(np.asarray(logits_N, dtype=np.float64), smoothed_N)
    return Calibration(slope, offset) if slope > 0 else None


def calibrated(logits: NDArray[np.floating], calibration: Calibration | None) -> NDArray[np.float64]:
    """Probabilities of one disorder; the plain sigmoid without a calibration."""
    slope, offset = (calibration.slope, calibration.offset) if calibration else (1.0, 0.0)
    return _sigmoid(slope * np.asarray(logits, dtype=np.float64) + offset)


def _minimise(logits_N: NDArray[np.float64], targets_N: NDArray[np.float64]) -> tuple[float, float]:
    """Newton's method with step halving on the convex penalised log loss."""
    design_N2 = np.stack([logits_N, np.ones_like(logits_N)], 1)
    prior = np.array([1.0, 0.0])

    def loss(parameters: NDArray[np.float64]) -> float:
        scores_N = design_N2 @ parameters
        data = np.logaddexp(0, scores_N) - targets_N * scores_N
        return float(data.sum() + PRIOR_STRENGTH / 2 * ((parameters - prior) ** 2).sum())

    parameters = prior.copy()
    for _ in range(NEWTON_STEPS):
        probabilities_N = _sigmoid(design_N2 @ parameters)
        gradient = design_N2.T @ (probabilities_N - targets_N) + PRIOR_STRENGTH * (parameters - prior)
        curvature_N = probabilities_N * (1 - probabilities_N)
        hessian = (design_N2 * curvature_N[:, None]).T @ design_N2 + PRIOR_STRENGTH * np.eye(2)
        direction = np.linalg.solve(hessian, gradient)
        size, current = 1.0, loss(parameters)
        while size > 1e-6 and loss(parameters - size * direction) > current:
            size /= 2
        parameters = parameters - size * direction
        if np.abs(size * direction).max() < 1e-9:
            break
    return float(parameters[0]), float(parameters[1])


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0, -values))
