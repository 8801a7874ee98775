"""AUC and accuracy of each data set, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.accuracy import correct_cases, label_space
from raddiag_train.evaluation.bootstrap import (
    RESAMPLES,
    Interval,
    interval,
    resample_counts,
    resampled_mean,
)
from raddiag_train.evaluation.metrics import ranking_metrics
from raddiag_train.evaluation.resampled_metrics import mean_over_classes, resample_curves, resampled_metrics
from raddiag_train.evaluation.score_distributions import intra_anatomy


@dataclass(frozen=True)
class DisorderResult:
    """One disorder among the cases of its data set.

    Attributes:
        name: Of the disorder.
        positives: Cases with it.
        auc: Against all other cases of the data set; NaN without a positive or a negative.
        auc_same_anatomy: Against those of an anatomy in which it occurs.
    """

    name: str
    positives: int
    auc: float
    auc_same_anatomy: float


@dataclass(frozen=True)
class SourceResult:
    """One data set.

    Attributes:
        source: Its name.
        cases: How many.
        macro_auc: Mean AUC of its disorders, Normal included.
        macro_auc_interval: 95 %.
        macro_auc_same_anatomy: The mean of `auc_same_anatomy`.
        accuracy: Share of cases whose most probable disorder, of those that occur in the data set, is the right one;
            None where a case has several disorders.
        accuracy_interval: 95 %.
        disorders: Each disorder that occurs in it.
    """

    source: str
    cases: int
    macro_auc: float
    macro_auc_interval: Interval
    macro_auc_same_anatomy: float
    accuracy: float | None
    accuracy_interval: Interval | None
    disorders: tuple[DisorderResult, ...]


def source_results(
    records: Sequence[CaseRecord],
    probabilities_NK: NDArray[np.floating],
    labels: LabelSpace,
    resamples: int = RESAMPLES,
) -> tuple[SourceResult, ...]:
    """The figures of every data set among the cases, in the order met.

    Args:
        records: N cases.
        probabilities_NK: Of the model, comparable between the disorders of a case.
        labels: The label space of the probabilities.
        resamples: Of the bootstrap; 0 leaves the intervals undefined (NaN).
    """
    targets_NK = labels.matrix(records) > 0
    sources = np.array([record.source for record in records])
    results = []
    for source in dict.fromkeys(sources.tolist()):
        rows = np.flatnonzero(sources == source)
        own = [records[int(row)] for row in rows]
        results.append(_source_result(source, own, probabilities_NK[rows], targets_NK[rows], labels, resamples))
    return tuple(results)


def _source_result(
    source: str,
    records: list[CaseRecord],
    probabilities_NK: NDArray[np.floating],
    targets_NK: NDArray[np.bool_],
    labels: LabelSpace,
    resamples: int,
) -> SourceResult:
    space = label_space(targets_NK)
    scores_NK, truth_NK = probabilities_NK[:, space], targets_NK[:, space]
    auc_K = ranking_metrics(scores_NK, truth_NK).auc
    near_K = ranking_metrics(scores_NK, truth_NK, intra_anatomy(truth_NK, [str(r.anatomy) for r in records])).auc
    counts_RN = resample_counts(len(records), resamples)
    drawn_KR = _drawn_auc(scores_NK, truth_NK, counts_RN)
    single = bool((truth_NK.sum(1) == 1).all())
    correct_N = correct_cases(scores_NK, truth_NK)
    return SourceResult(
        source=source,
        cases=len(records),
        macro_auc=_mean(auc_K),
        macro_auc_interval=interval(mean_over_classes(drawn_KR)),
        macro_auc_same_anatomy=_mean(near_K),
        accuracy=float(correct_N.mean()) if single else None,
        accuracy_interval=interval(resampled_mean(correct_N, counts_RN)) if single else None,
        disorders=tuple(
            DisorderResult(labels.names[k], int(truth_NK[:, i].sum()), float(auc_K[i]), float(near_K[i]))
            for i, k in enumerate(space)
        ),
    )


def _mean(values_K: NDArray[np.float64]) -> float:
    defined = values_K[~np.isnan(values_K)]
    return float(defined.mean()) if len(defined) else float("nan")


def _drawn_auc(
    scores_NK: NDArray[np.floating], truth_NK: NDArray[np.bool_], counts_RN: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K, R) AUC of every class in every resample."""
    if not len(counts_RN):
        return np.empty((scores_NK.shape[1], 0))
    return resampled_metrics(resample_curves(scores_NK, truth_NK, np.zeros(scores_NK.shape[1]), counts_RN))["auc"]
