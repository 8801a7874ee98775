"""Per-class ranking metrics from one sort per class, vectorised over the classes (section 5.1.2 of the paper)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.roc_vertices import Bools, Floats, Ints, RocVertices, class_sums, roc_vertices

FALSE_POSITIVE_RATES = (0.01, 0.05, 0.1)


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
    return metrics_of(roc_vertices(scores_NK, targets_NK, valid_NK))


def metrics_of(vertices: RocVertices) -> RankingMetrics:
    """All ranking metrics of all classes, from the points of their curves."""
    starts_C, present_C = vertices.starts_C, vertices.present_C
    positives_C = vertices.positives_K[present_C].astype(np.float64)
    negatives_C = vertices.negatives_K[present_C].astype(np.float64)
    points = CurvePoints(
        vertices.new_hits_J, vertices.hits_J, vertices.false_alarms_J, vertices.false_alarms_above_J, starts_C
    )
    f1_J = f1_score(points.hits_J, points.false_alarms_J, points.spread(positives_C))
    best_C = _first_greatest(f1_J, starts_C)
    found = {
        "auc": auc(points, positives_C, negatives_C),
        "average_precision": average_precision(points, positives_C),
        "best_f1": f1_J[best_C],
        "best_f1_threshold": vertices.scores_J[best_C].astype(np.float64),
        "mcc": matthews(points.hits_J[best_C], points.false_alarms_J[best_C], positives_C, negatives_C),
    }
    recalls = {rate: recall_at(rate, points, positives_C, negatives_C) for rate in FALSE_POSITIVE_RATES}

    def of_all(values_C: Floats) -> Floats:
        values_K = np.full(len(vertices.positives_K), np.nan)
        values_K[present_C] = np.where(negatives_C > 0, values_C, np.nan)
        return values_K

    return RankingMetrics(
        positives=vertices.positives_K,
        negatives=vertices.negatives_K,
        recall_at_fpr={rate: of_all(values) for rate, values in recalls.items()},
        **{name: of_all(values) for name, values in found.items()},
    )


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """Counts at the points of curves, (J,) or, in R resamples, (J, R); see `RocVertices`.

    Attributes:
        new_hits_J: Positives at each point alone.
        hits_J: Positives called.
        false_alarms_J: Negatives called.
        false_alarms_above_J: Negatives with a greater score.
        starts_C: First point of each class that has one.
    """

    new_hits_J: NDArray[np.floating]
    hits_J: NDArray[np.floating]
    false_alarms_J: NDArray[np.floating]
    false_alarms_above_J: NDArray[np.floating]
    starts_C: Ints

    def spread(self, values_C: NDArray[np.floating]) -> NDArray[np.floating]:
        """A value a class to a value a point."""
        return np.repeat(values_C, np.diff(np.append(self.starts_C, len(self.hits_J))), axis=0)

    def sums(self, values_J: NDArray[np.floating]) -> Floats:
        """Over the points of each class, (C, ...)."""
        return class_sums(values_J, self.starts_C)


def auc(points: CurvePoints, positives_C: Floats, negatives_C: Floats) -> Floats:
    """Area under the ROC curve; a tie counts half. NaN without positives or negatives."""
    beaten_J = points.spread(negatives_C) - (points.false_alarms_J + points.false_alarms_above_J) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return points.sums(points.new_hits_J * beaten_J) / (positives_C * negatives_C)


def average_precision(points: CurvePoints, positives_C: Floats) -> Floats:
    """Sum over thresholds of the step in recall times the precision."""
    precision_J = points.hits_J / np.maximum(points.hits_J + points.false_alarms_J, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return points.sums(points.new_hits_J * precision_J) / positives_C


def recall_at(rate: float, points: CurvePoints, positives_C: Floats, negatives_C: Floats) -> Floats:
    """Largest recall whose false positive rate does not exceed `rate`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        allowed_J = points.false_alarms_J / points.spread(negatives_C) <= rate
        hits_J = np.where(allowed_J, points.hits_J, 0)
        most_C = np.maximum.reduceat(hits_J, points.starts_C, 0) if len(points.starts_C) else hits_J
        return most_C / positives_C


def _first_greatest(values_J: Floats, starts_C: Ints) -> Ints:
    """Index of the first of the greatest values of each class."""
    if not len(starts_C):
        return starts_C
    greatest_C = np.maximum.reduceat(values_J, starts_C)
    counts = np.diff(np.append(starts_C, len(values_J)))
    indices_J = np.where(values_J == np.repeat(greatest_C, counts), np.arange(len(values_J)), len(values_J))
    return np.minimum.reduceat(indices_J, starts_C)


def confusion_rates(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.generic], thresholds_K: NDArray[np.floating]
) -> dict[str, Floats]:
    """F1, MCC, sensitivity and specificity, (K,) each, at given thresholds; a score equal to it is positive."""
    called, truth = scores_NK >= thresholds_K, targets_NK.astype(bool)
    tp, fp = (called & truth).sum(0).astype(float), (called & ~truth).sum(0).astype(float)
    positives, negatives = truth.sum(0).astype(float), (~truth).sum(0).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "f1": f1_score(tp, fp, positives),
            "mcc": matthews(tp, fp, positives, negatives),
            "sensitivity": tp / positives,
            "specificity": 1 - fp / negatives,
        }


def f1_score(hits: NDArray[np.floating], false_alarms: NDArray[np.floating], positives: NDArray[np.floating]) -> Floats:
    """Harmonic mean of precision and recall."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * hits / (hits + false_alarms + positives)


def matthews(
    hits: NDArray[np.floating],
    false_alarms: NDArray[np.floating],
    positives: NDArray[np.floating],
    negatives: NDArray[np.floating],
) -> Floats:
    """Matthews correlation coefficient; 0 where a margin is empty, as scikit-learn has it."""
    missed, spared = positives - hits, negatives - false_alarms
    margins = (hits + false_alarms) * positives * negatives * (spared + missed)
    return np.where(margins > 0, (spared * hits - missed * false_alarms) / np.sqrt(np.maximum(margins, 1)), 0.0)
