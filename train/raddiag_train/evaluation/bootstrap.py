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
    if np.isnan(values_R).all():  # which is so where there are none
        return (float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values_R, [tail, 1 - tail])
    return (float(low), float(high))


def resampled_mean(values_N: NDArray[np.generic], counts_RN: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the cases, such as an accuracy, in every resample: (R,)."""
    return counts_RN @ values_N.astype(np.float64) / counts_RN.sum(1)
