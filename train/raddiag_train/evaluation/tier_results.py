"""The paper's table 5: every metric of every class, and their means over head, medium and tail, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.scoring import DEFAULT_THRESHOLD
from raddiag_engine.models.card import Disorder
from raddiag_train.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Interval, interval, resample_counts
from raddiag_train.evaluation.metrics import RankingMetrics, confusion_rates, ranking_metrics
from raddiag_train.evaluation.resampled_metrics import METRICS, mean_over_classes, resample_curves, resampled_metrics
from raddiag_train.evaluation.roc_bands import RocBand, roc_bands
from raddiag_train.evaluation.roc_vertices import Bools, Floats, Ints

TIERS = ("head", "medium", "tail")
ALL = "all"
UNDEFINED: Interval = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Figure:
    """A metric with its 95 % interval; NaN where it is not defined.

    Attributes:
        value: Of all cases.
        low: 2.5th percentile of the resamples.
        high: 97.5th percentile.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassResult:
    """One class.

    Attributes:
        name: Of the disorder.
        tier: By its training cases.
        positives: Cases with it.
        negatives: Cases without.
        threshold: From which on it is called positive, for F1 and MCC.
        fitted: False if that is the default, for want of validation cases.
        metrics: Metric -> figure; see `METRICS`.
    """

    name: str
    tier: str
    positives: int
    negatives: int
    threshold: float
    fitted: bool
    metrics: dict[str, Figure]


@dataclass(frozen=True)
class TierResult:
    """The mean over the classes of a tier that have a positive and a negative case; "Normal" is none of them.

    Attributes:
        tier: "head", "medium", "tail" or "all".
        classes: In the label space.
        evaluated: Of these, those with a positive and a negative case here.
        metrics: Metric -> figure.
    """

    tier: str
    classes: int
    evaluated: int
    metrics: dict[str, Figure]


@dataclass(frozen=True, eq=False)
class TierResults:
    """Classes, tiers and the bands of figure 8.

    Attributes:
        classes: In the order of the label space.
        tiers: Head, medium and tail as far as there are classes, then all.
        bands: ROC bands of the same; empty without resamples.
    """

    classes: tuple[ClassResult, ...]
    tiers: tuple[TierResult, ...]
    bands: tuple[RocBand, ...]


def tier_results(
    disorders: Sequence[Disorder],
    probabilities_NK: NDArray[np.floating],
    targets_NK: Bools,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> TierResults:
    """All figures of all classes and tiers.

    Args:
        disorders: Of the card, with tiers and operating points, in the order of the columns.
        probabilities_NK: (cases, classes).
        targets_NK: (cases, classes).
        resamples: Of the bootstrap over cases; 0 leaves intervals undefined.
        seed: Of the bootstrap.
    """
    thresholds_K = np.array(
        [d.operating_point.threshold if d.operating_point else DEFAULT_THRESHOLD for d in disorders]
    )
    ranking = ranking_metrics(probabilities_NK, targets_NK)
    values = _values(ranking, confusion_rates(probabilities_NK, targets_NK, thresholds_K))
    drawn: Mapping[str, Floats] = {}
    bands: list[RocBand] = []
    groups = _groups(disorders)
    if resamples:
        counts_RN = resample_counts(len(targets_NK), resamples, seed)
        curves = resample_curves(probabilities_NK, targets_NK, thresholds_K, counts_RN)
        drawn = resampled_metrics(curves)
        bands = roc_bands(curves, drawn["auc"], groups, seed=seed)
    return TierResults(
        _class_results(disorders, ranking, thresholds_K, values, drawn),
        tuple(_tier_result(name, classes, ranking, values, drawn) for name, classes in groups.items()),
        tuple(bands),
    )


def _values(ranking: RankingMetrics, at_thresholds: Mapping[str, Floats]) -> dict[str, Floats]:
    defined_K = (ranking.positives > 0) & (ranking.negatives > 0)
    return {
        "auc": ranking.auc,
        "average_precision": ranking.average_precision,
        "f1": np.where(defined_K, at_thresholds["f1"], np.nan),
        "mcc": np.where(defined_K, at_thresholds["mcc"], np.nan),
        **{f"recall_at_fpr_{rate}": recalls for rate, recalls in ranking.recall_at_fpr.items()},
    }


def _groups(disorders: Sequence[Disorder]) -> dict[str, Ints]:
    """Tier -> its classes, "Normal" left out, as the paper has it; tiers without classes are left out."""
    found = {
        tier: np.array([k for k, d in enumerate(disorders) if d.tier == tier and not d.normal], dtype=np.int64)
        for tier in TIERS
    }
    found[ALL] = np.concatenate(list(found.values()))
    return {tier: classes for tier, classes in found.items() if len(classes)}


def _class_results(
    disorders: Sequence[Disorder],
    ranking: RankingMetrics,
    thresholds_K: Floats,
    values: Mapping[str, Floats],
    drawn: Mapping[str, Floats],
) -> tuple[ClassResult, ...]:
    bounds = {name: _bounds(values_KR) for name, values_KR in drawn.items()}
    nowhere = np.full((2, len(disorders)), np.nan)
    return tuple(
        ClassResult(
            name=disorder.name,
            tier=disorder.tier,
            positives=int(ranking.positives[k]),
            negatives=int(ranking.negatives[k]),
            threshold=float(thresholds_K[k]),
            fitted=disorder.operating_point is not None,
            metrics={
                name: Figure(float(values[name][k]), *(float(bound) for bound in bounds.get(name, nowhere)[:, k]))
                for name in METRICS
            },
        )
        for k, disorder in enumerate(disorders)
    )


def _bounds(values_KR: Floats) -> Floats:
    """(2, K) percentiles over the resamples in which the class is defined."""
    tail = (1 - CONFIDENCE) / 2
    found = np.full((2, len(values_KR)), np.nan)
    whole_K = ~np.isnan(values_KR).any(1)
    found[:, whole_K] = np.quantile(values_KR[whole_K], [tail, 1 - tail], axis=1)
    for k in np.flatnonzero(~whole_K & ~np.isnan(values_KR).all(1)):
        found[:, k] = np.nanquantile(values_KR[k], [tail, 1 - tail])
    return found


def _tier_result(
    tier: str, classes: Ints, ranking: RankingMetrics, values: Mapping[str, Floats], drawn: Mapping[str, Floats]
) -> TierResult:
    defined = classes[(ranking.positives[classes] > 0) & (ranking.negatives[classes] > 0)]
    metrics = {}
    for name in METRICS:
        mean = float(values[name][defined].mean()) if len(defined) else float("nan")
        bounds = interval(mean_over_classes(drawn[name][classes])) if name in drawn else UNDEFINED
        metrics[name] = Figure(mean, *bounds)
    return TierResult(tier, len(classes), len(defined), metrics)
