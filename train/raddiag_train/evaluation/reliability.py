"""Are probabilities what they say? Of cases given 30 %, do 30 % have the disorder?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """A reliability curve.

    Attributes:
        predicted: Mean probability of each bin.
        observed: Share of positives of each bin.
        count: Cases of each bin.
        expected_calibration_error: Mean over the cases of how far their bin's two figures lie apart.
        brier: Mean squared distance of probability and outcome.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    count: tuple[int, ...]
    expected_calibration_error: float
    brier: float


def reliability(probabilities: NDArray[np.floating], targets: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """The curve over bins of equal width, empty ones left out.

    Bins of equal width, because rare disorders would put all bins of equal count next to 0.

    Args:
        probabilities: Of any shape, in [0, 1].
        targets: Of the same shape.
        bins: How many.

    Raises:
        ValueError: There is no case, or a probability is out of range.
    """
    p, y = np.asarray(probabilities, dtype=np.float64).ravel(), np.asarray(targets, dtype=bool).ravel()
    if not len(p) or not (p.min() >= 0 and p.max() <= 1):
        raise ValueError("probabilities must be from 0 to 1, and there must be some")
    bin_of = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    filled = count > 0
    predicted = np.bincount(bin_of, p, bins)[filled] / count[filled]
    observed = np.bincount(bin_of, y, bins)[filled] / count[filled]
    return Reliability(
        predicted=tuple(predicted.tolist()),
        observed=tuple(observed.tolist()),
        count=tuple(count[filled].tolist()),
        expected_calibration_error=float((np.abs(predicted - observed) * count[filled]).sum() / len(p)),
        brier=float(((p - y) ** 2).mean()),
    )
