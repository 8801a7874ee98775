"""Every metric of every class in every bootstrap resample of the cases, at once.

A resample is a weight for each case, how often it was drawn. The weighted counts at the points of all ROC curves, in
all resamples, are one matrix product: (points, cases) that are called there, times (cases, resamples).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.metrics import (
    FALSE_POSITIVE_RATES,
    CurvePoints,
    auc,
    average_precision,
    f1_score,
    matthews,
    recall_at,
)
from raddiag_train.evaluation.roc_vertices import Bools, Floats, Ints, RocVertices, class_sums, cumulative, roc_vertices

# Weighted counts up to this size are exact in float32.
MOST_CASES = 2**24
BLOCK_POINTS = 1024
# Metric -> how tables head its column.
SHORT_NAMES = {
    "auc": "AUC",
    "average_precision": "AP",
    "f1": "F1",
    "mcc": "MCC",
    **{f"recall_at_fpr_{rate}": f"R@{rate}" for rate in FALSE_POSITIVE_RATES},
}
METRICS = tuple(SHORT_NAMES)


@dataclass(frozen=True, eq=False)
class ResampledCurves:
    """The points of the ROC curves in R resamples; see `CurvePoints`.

    Attributes:
        vertices: The points without resampling.
        points: Their counts, (J, R) float32.
        positives_CR: Drawn positives of each class that has any.
        negatives_CR: Drawn negatives.
        called_hits_CR: Drawn positives at or above the class's threshold.
        called_false_alarms_CR: Drawn negatives at or above it.
    """

    vertices: RocVertices
    points: CurvePoints
    positives_CR: Floats
    negatives_CR: Floats
    called_hits_CR: Floats
    called_false_alarms_CR: Floats


def resample_curves(
    scores_NK: NDArray[np.floating],
    targets_NK: Bools,
    thresholds_K: NDArray[np.floating],
    counts_RN: NDArray[np.floating],
) -> ResampledCurves:
    """Weighted counts at all points.

    Args:
        scores_NK: (cases, classes), finite.
        targets_NK: (cases, classes).
        thresholds_K: From which on a case is called positive, for F1 and MCC.
        counts_RN: (resamples, cases) how often each case is drawn.

    Raises:
        ValueError: There are too many cases to count in single precision.
    """
    if counts_RN.sum(1).max(initial=0) >= MOST_CASES:
        raise ValueError(f"more than {MOST_CASES} cases drawn")
    vertices = roc_vertices(scores_NK, targets_NK)
    counts_NR = np.ascontiguousarray(counts_RN.T, dtype=np.float32)
    starts_C, present_C = vertices.starts_C, vertices.present_C
    new_hits_JR, positives_CR = _drawn_hits(vertices, scores_NK, targets_NK, counts_NR)
    thresholds_C = thresholds_K[present_C]
    false_alarms_JR = _called_negatives(vertices.classes_J, vertices.scores_J, scores_NK, targets_NK, counts_NR, False)
    above_JR = false_alarms_JR
    tied_J = np.flatnonzero(vertices.false_alarms_above_J < vertices.false_alarms_J)
    if len(tied_J):
        above_JR = false_alarms_JR.copy()
        above_JR[tied_J] = _called_negatives(
            vertices.classes_J[tied_J], vertices.scores_J[tied_J], scores_NK, targets_NK, counts_NR, True
        )
    hits_JR = cumulative(new_hits_JR, starts_C)
    # The score of a point decides for all its positives alike.
    called_J = vertices.scores_J >= thresholds_K[vertices.classes_J]
    called_hits_JR = np.where(called_J[:, None], new_hits_JR, 0)
    return ResampledCurves(
        vertices=vertices,
        points=CurvePoints(new_hits_JR, hits_JR, false_alarms_JR, above_JR, starts_C),
        positives_CR=positives_CR,
        negatives_CR=counts_NR.sum(0, dtype=np.float64) - positives_CR,
        called_hits_CR=class_sums(called_hits_JR, starts_C),
        called_false_alarms_CR=_called_negatives(
            present_C, thresholds_C, scores_NK, targets_NK, counts_NR, False
        ).astype(np.float64),
    )


def resampled_metrics(curves: ResampledCurves) -> Mapping[str, Floats]:
    """Metric -> (K, R); NaN where a resample holds no positive or no negative of the class.

    F1 and MCC are those at the thresholds.
    """
    points, positives_CR, negatives_CR = curves.points, curves.positives_CR, curves.negatives_CR
    found = {
        "auc": auc(points, positives_CR, negatives_CR),
        "average_precision": average_precision(points, positives_CR),
        "f1": f1_score(curves.called_hits_CR, curves.called_false_alarms_CR, positives_CR),
        "mcc": matthews(curves.called_hits_CR, curves.called_false_alarms_CR, positives_CR, negatives_CR),
    }
    for rate in FALSE_POSITIVE_RATES:
        found[f"recall_at_fpr_{rate}"] = recall_at(rate, points, positives_CR, negatives_CR)
    defined_CR = (positives_CR > 0) & (negatives_CR > 0)
    return {name: _of_all(np.where(defined_CR, values, np.nan), curves.vertices) for name, values in found.items()}


def mean_over_classes(values_KR: Floats) -> Floats:
    """The mean of the classes that are defined in a resample, (R,); NaN where none is."""
    defined_KR = ~np.isnan(values_KR)
    with np.errstate(invalid="ignore"):
        return np.where(defined_KR, values_KR, 0).sum(0) / defined_KR.sum(0)


def _drawn_hits(
    vertices: RocVertices, scores_NK: NDArray[np.floating], targets_NK: Bools, counts_NR: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Floats]:
    """(J, R) drawn positives at each point, and (C, R) of each class."""
    columns_P, rows_P = np.nonzero(targets_NK.T)
    order_P = np.lexsort((-scores_NK[rows_P, columns_P], columns_P))
    drawn_PR = counts_NR[rows_P[order_P]]
    if not len(drawn_PR):
        return drawn_PR, drawn_PR.astype(np.float64)
    starts_J = np.concatenate(([0], np.cumsum(vertices.new_hits_J.astype(np.int64))[:-1]))
    new_hits_JR = np.add.reduceat(drawn_PR, starts_J, 0)
    return new_hits_JR, class_sums(new_hits_JR, vertices.starts_C)


def _called_negatives(
    classes_J: Ints,
    thresholds_J: NDArray[np.floating],
    scores_NK: NDArray[np.floating],
    targets_NK: Bools,
    counts_NR: NDArray[np.float32],
    above: bool,
) -> NDArray[np.float32]:
    """(J, R) drawn negatives with at least, or with more than, a score."""
    found_JR = np.empty((len(classes_J), counts_NR.shape[1]), dtype=np.float32)
    for start in range(0, len(classes_J), BLOCK_POINTS):
        block = slice(start, start + BLOCK_POINTS)
        classes, place = np.unique(classes_J[block], return_inverse=True)
        # Positives get a score that no threshold reaches.
        negatives_KN = np.where(targets_NK[:, classes], -np.inf, scores_NK[:, classes]).T
        compare = np.greater if above else np.greater_equal
        called_JN = compare(negatives_KN[place], thresholds_J[block][:, None])
        found_JR[block] = called_JN.astype(np.float32) @ counts_NR
    return found_JR


def _of_all(values_CR: Floats, vertices: RocVertices) -> Floats:
    values_KR = np.full((len(vertices.positives_K), values_CR.shape[1]), np.nan)
    values_KR[vertices.present_C] = values_CR
    return values_KR
