"""Bootstrap confidence intervals over cases, vectorised over the resamples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
RESAMPLES = 1000
CONFIDENCE = 0.95


def resample_counts(cases: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """How often each case is drawn in each resample of `cases` draws with replacement: (resamples, cases)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(cases, np.full(cases, 1 / cases), size=resamples).astype(np.float64)


def interval(values_R: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    """The percentile interval; resamples in which the figure is undefined (NaN) are left out."""
    if np.isnan(values_R).all():
        return (float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values_R, [tail, 1 - tail])
    return (float(low), float(high))


def resampled_auc(
    scores_N: NDArray[np.floating], targets_N: NDArray[np.bool_], counts_RN: NDArray[np.float64]
) -> NDArray[np.float64]:
    """AUC of one class in every resample, (R,); NaN where a resample lacks positives or negatives."""
    order_N = np.argsort(scores_N)
    ordered_N, counts_RN = scores_N[order_N], counts_RN[:, order_N]
    hits_RN = counts_RN * targets_N[order_N]
    misses_RN = counts_RN - hits_RN
    below_RN = np.cumsum(misses_RN, 1) - misses_RN
    # Negatives of the same score count half: take the sums over each run of equal scores.
    starts_G = np.flatnonzero(np.concatenate(([True], ordered_N[1:] != ordered_N[:-1])))
    hits_RG, misses_RG = np.add.reduceat(hits_RN, starts_G, 1), np.add.reduceat(misses_RN, starts_G, 1)
    wins_R = (hits_RG * (below_RN[:, starts_G] + misses_RG / 2)).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wins_R / (hits_RG.sum(1) * misses_RG.sum(1))


def resampled_mean(values_N: NDArray[np.generic], counts_RN: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the cases, such as an accuracy, in every resample: (R,)."""
    return counts_RN @ values_N.astype(np.float64) / counts_RN.sum(1)
