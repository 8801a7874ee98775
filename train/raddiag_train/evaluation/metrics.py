"""Per-class ranking metrics from one sort per class, vectorised over the classes (section 5.1.2 of the paper)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FALSE_POSITIVE_RATES = (0.01, 0.05, 0.1)
# Classes are taken in blocks of about this many scores, so that memory stays bounded with 5,569 classes.
BLOCK_SCORES = 4_000_000


@dataclass(frozen=True)
class RankingMetrics:
    """Metrics of every class; NaN where a class has no positive or no negative case.

    Attributes:
        positives: (K,) positive cases.
        negatives: (K,) negative cases.
        auc: (K,) area under the ROC curve; a tie counts half.
        average_precision: (K,) sum over thresholds of (R_n - R_{n-1}) P_n.
        best_f1: (K,) largest F1 over all thresholds.
        best_f1_threshold: (K,) the score from which on a case is called positive for `best_f1`.
        mcc: (K,) Matthews correlation coefficient at that threshold.
        recall_at_fpr: FPR -> (K,) largest recall whose false positive rate does not exceed it.
    """

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    auc: Floats
    average_precision: Floats
    best_f1: Floats
    best_f1_threshold: Floats
    mcc: Floats
    recall_at_fpr: dict[float, Floats]


def ranking_metrics(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.generic], valid_NK: Bools | None = None
) -> RankingMetrics:
    """All ranking metrics of all classes.

    Args:
        scores_NK: (cases, classes) logits or probabilities, finite.
        targets_NK: (cases, classes) true or 1 where the case has the disorder.
        valid_NK: (cases, classes) False where a case must not count for a class; None means all count.

    Raises:
        ValueError: The shapes differ or a score is not finite.
    """
    if scores_NK.shape != targets_NK.shape or (valid_NK is not None and valid_NK.shape != scores_NK.shape):
        raise ValueError(f"scores are {scores_NK.shape} but targets are {targets_NK.shape}")
    if not np.isfinite(scores_NK).all():
        raise ValueError("scores must be finite")
    cases, classes = scores_NK.shape
    block = max(1, BLOCK_SCORES // max(cases, 1))
    parts = [
        _block_metrics(
            np.ascontiguousarray(scores_NK[:, k : k + block].T),
            np.ascontiguousarray(targets_NK[:, k : k + block].T.astype(bool)),
            None if valid_NK is None else np.ascontiguousarray(valid_NK[:, k : k + block].T),
        )
        for k in range(0, classes, block)
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    recalls = {rate: joined.pop(_recall_name(rate)) for rate in FALSE_POSITIVE_RATES}
    return RankingMetrics(
        positives=joined.pop("positives").astype(np.int64),
        negatives=joined.pop("negatives").astype(np.int64),
        recall_at_fpr=recalls,
        **joined,
    )


def confusion_rates(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.generic], thresholds_K: NDArray[np.floating]
) -> dict[str, Floats]:
    """F1, MCC, sensitivity and specificity, (K,) each, at given thresholds; a score equal to it is positive."""
    called, truth = scores_NK >= thresholds_K, targets_NK.astype(bool)
    tp, fp = (called & truth).sum(0).astype(float), (called & ~truth).sum(0).astype(float)
    positives, negatives = truth.sum(0).astype(float), (~truth).sum(0).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "f1": _f1(tp, fp, positives),
            "mcc": _mcc(tp, fp, positives, negatives),
            "sensitivity": tp / positives,
            "specificity": 1 - fp / negatives,
        }


def _block_metrics(scores_KN: NDArray[np.floating], targets_KN: Bools, valid_KN: Bools | None) -> dict[str, Floats]:
    if valid_KN is not None:
        scores_KN = np.where(valid_KN, scores_KN, -np.inf)
    order_KN = np.argsort(-scores_KN, axis=1)
    sorted_KN = np.take_along_axis(scores_KN, order_KN, 1)
    hits_KN = np.take_along_axis(targets_KN, order_KN, 1)
    misses_KN = ~hits_KN
    if valid_KN is not None:
        counted_KN = np.take_along_axis(valid_KN, order_KN, 1)
        hits_KN, misses_KN = hits_KN & counted_KN, misses_KN & counted_KN
    tp_KN, fp_KN = np.cumsum(hits_KN, 1, dtype=np.float64), np.cumsum(misses_KN, 1, dtype=np.float64)
    positives_K1, negatives_K1 = tp_KN[:, -1:], fp_KN[:, -1:]

    # Only the last case of a run of equal scores is a point of the curve.
    ends_KN = np.ones_like(hits_KN)
    ends_KN[:, :-1] = sorted_KN[:, :-1] != sorted_KN[:, 1:]
    tp_before_KN, fp_before_KN = _previous_end(tp_KN, ends_KN), _previous_end(fp_KN, ends_KN)
    with np.errstate(invalid="ignore", divide="ignore"):
        trapezoids_KN = (fp_KN - fp_before_KN) * (tp_KN + tp_before_KN) / 2
        auc = np.where(ends_KN, trapezoids_KN, 0).sum(1) / (positives_K1 * negatives_K1)[:, 0]
        precision_KN = tp_KN / np.maximum(tp_KN + fp_KN, 1)
        steps_KN = np.where(ends_KN, (tp_KN - tp_before_KN) * precision_KN, 0)
        recall_KN, fpr_KN = tp_KN / positives_K1, fp_KN / negatives_K1
        f1_KN = np.where(ends_KN, _f1(tp_KN, fp_KN, positives_K1), -1)
        best_K1 = f1_KN.argmax(1)[:, None]
        tp_K1, fp_K1 = np.take_along_axis(tp_KN, best_K1, 1), np.take_along_axis(fp_KN, best_K1, 1)
        result = {
            "auc": auc,
            "average_precision": steps_KN.sum(1) / positives_K1[:, 0],
            "best_f1": _f1(tp_K1, fp_K1, positives_K1)[:, 0],
            "best_f1_threshold": np.take_along_axis(sorted_KN, best_K1, 1)[:, 0].astype(np.float64),
            "mcc": _mcc(tp_K1, fp_K1, positives_K1, negatives_K1)[:, 0],
        }
        for rate in FALSE_POSITIVE_RATES:
            result[_recall_name(rate)] = np.where(ends_KN & (fpr_KN <= rate), recall_KN, 0).max(1)
    undefined_K = (positives_K1[:, 0] == 0) | (negatives_K1[:, 0] == 0)
    undefined = {name: np.where(undefined_K, np.nan, values) for name, values in result.items()}
    return {**undefined, "positives": positives_K1[:, 0], "negatives": negatives_K1[:, 0]}


def _previous_end(counts_KN: Floats, ends_KN: Bools) -> Floats:
    """The cumulative count at the point of the curve before each case; 0 before the first."""
    before_KN = np.zeros_like(counts_KN)
    before_KN[:, 1:] = np.maximum.accumulate(np.where(ends_KN, counts_KN, 0), 1)[:, :-1]
    return before_KN


def _f1(tp: Floats, fp: Floats, positives: Floats) -> Floats:
    return 2 * tp / (tp + fp + positives)


def _mcc(tp: Floats, fp: Floats, positives: Floats, negatives: Floats) -> Floats:
    """0 where a margin is empty, as scikit-learn has it."""
    fn, tn = positives - tp, negatives - fp
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return np.where(margins > 0, (tn * tp - fn * fp) / np.sqrt(np.maximum(margins, 1)), 0.0)


def _recall_name(rate: float) -> str:
    return f"recall_at_fpr_{rate}"
