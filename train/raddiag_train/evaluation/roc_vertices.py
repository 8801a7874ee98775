"""The points of every class's ROC curve that carry its metrics: one for each distinct score of a positive case.

Between them the curve is level, so that AUC, average precision, best F1, MCC and recall at a false positive rate all
follow from the counts at these points. A class of 7,772 cases with five positives has five, which is why no more than
the values of the scores need sorting.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
# Classes are taken in blocks of about this many scores, so that memory stays bounded with 5,569 classes.
BLOCK_SCORES = 4_000_000


@dataclass(frozen=True, eq=False)
class RocVertices:
    """Points of K curves, J in all, by class and then by falling score.

    Attributes:
        classes_J: Class of each point.
        scores_J: A case with this score or more is called positive.
        new_hits_J: Positives with exactly this score.
        hits_J: Positives called.
        false_alarms_J: Negatives called.
        false_alarms_above_J: Negatives with a greater score; fewer than `false_alarms_J` where scores are equal.
        positives_K: Of each class.
        negatives_K: Of each class.
    """

    classes_J: Ints
    scores_J: NDArray[np.floating]
    new_hits_J: Floats
    hits_J: Floats
    false_alarms_J: Floats
    false_alarms_above_J: Floats
    positives_K: Ints
    negatives_K: Ints

    @property
    def starts_C(self) -> Ints:
        """First point of each of the classes that have any."""
        return segment_starts(self.classes_J)

    @property
    def present_C(self) -> Ints:
        """The classes that have a positive case, in order."""
        return self.classes_J[self.starts_C]


def segment_starts(classes_J: Ints) -> Ints:
    """Where each run of equal classes begins."""
    if not len(classes_J):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], classes_J[1:] != classes_J[:-1])))


def roc_vertices(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.generic], valid_NK: Bools | None = None
) -> RocVertices:
    """The points of every class.

    Args:
        scores_NK: (cases, classes), finite.
        targets_NK: (cases, classes) true or 1 where the case has the disorder.
        valid_NK: (cases, classes) False where a case must not count for a class; None means all count.

    Raises:
        ValueError: The shapes differ or a score is not finite.
    """
    if scores_NK.shape != targets_NK.shape or (valid_NK is not None and valid_NK.shape != scores_NK.shape):
        raise ValueError(f"scores are {scores_NK.shape} but targets are {targets_NK.shape}")
    cases, classes = scores_NK.shape
    block = max(1, BLOCK_SCORES // max(cases, 1))
    parts = [
        _block(
            k,
            np.ascontiguousarray(scores_NK[:, k : k + block].T),
            np.ascontiguousarray(targets_NK[:, k : k + block].T.astype(bool, copy=False)),
            None if valid_NK is None else np.ascontiguousarray(valid_NK[:, k : k + block].T),
        )
        for k in range(0, classes, block)
    ]
    return RocVertices(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _block(
    first: int, scores_KN: NDArray[np.floating], targets_KN: Bools, valid_KN: Bools | None
) -> tuple[NDArray[np.generic], ...]:
    if valid_KN is None:
        counted_K = np.full(len(scores_KN), scores_KN.shape[1], dtype=np.int64)
    else:
        counted_K = valid_KN.sum(1, dtype=np.int64)
        targets_KN = targets_KN & valid_KN
        scores_KN = np.where(valid_KN, scores_KN, scores_KN.dtype.type(-np.inf))
    rows_P, columns_P = np.nonzero(targets_KN)
    of_positives_P = scores_KN[rows_P, columns_P]
    sorted_KN = np.sort(scores_KN, axis=1)
    # The greatest and the least tell whether any value is not finite; the mask's own -inf come first.
    least_K = np.take_along_axis(
        sorted_KN, np.minimum(sorted_KN.shape[1] - counted_K, sorted_KN.shape[1] - 1)[:, None], 1
    )
    if not (np.isfinite(sorted_KN[:, -1:][counted_K > 0]).all() and np.isfinite(least_K[counted_K > 0]).all()):
        raise ValueError("scores must be finite")
    order_P = np.lexsort((-of_positives_P, rows_P))
    rows_P, of_positives_P = rows_P[order_P], of_positives_P[order_P]
    new_P = np.ones(len(rows_P), dtype=bool)
    new_P[1:] = (rows_P[1:] != rows_P[:-1]) | (of_positives_P[1:] != of_positives_P[:-1])
    at_J = np.flatnonzero(new_P)
    rows_J, scores_J = rows_P[at_J], of_positives_P[at_J]
    new_hits_J = np.diff(np.append(at_J, len(rows_P))).astype(np.float64)
    positives_K = np.bincount(rows_P, minlength=len(scores_KN))
    hits_J = cumulative(new_hits_J, segment_starts(rows_J))
    called_J, above_J = np.empty(len(rows_J)), np.empty(len(rows_J))
    bounds = np.searchsorted(rows_J, np.arange(len(scores_KN) + 1))
    total = sorted_KN.shape[1]
    for row, (start, stop) in enumerate(pairwise(bounds)):
        if start < stop:
            called_J[start:stop] = total - np.searchsorted(sorted_KN[row], scores_J[start:stop], "left")
            above_J[start:stop] = total - np.searchsorted(sorted_KN[row], scores_J[start:stop], "right")
    return (
        rows_J + first,
        scores_J,
        new_hits_J,
        hits_J,
        called_J - hits_J,
        above_J - (hits_J - new_hits_J),
        positives_K,
        counted_K - positives_K,
    )


def cumulative(values_J: NDArray[np.floating], starts_C: Ints) -> NDArray[np.floating]:
    """Sums along the first axis that begin anew with each class; exact for counts."""
    if not len(starts_C):
        return values_J.copy()
    sums = np.cumsum(values_J, 0)
    before = np.zeros((len(starts_C), *values_J.shape[1:]), dtype=sums.dtype)
    before[1:] = sums[starts_C[1:] - 1]
    return sums - np.repeat(before, np.diff(np.append(starts_C, len(values_J))), axis=0)


def class_sums(values_J: NDArray[np.floating], starts_C: Ints) -> Floats:
    """Sums over the points of each class, (C, ...)."""
    if not len(starts_C):
        return np.empty((0, *values_J.shape[1:]))
    return np.add.reduceat(values_J, starts_C, 0, dtype=np.float64)
