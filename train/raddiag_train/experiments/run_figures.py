"""The figures of a finished run, with bootstrapped 95 % intervals, as tables need them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.atomic import write_text
from raddiag_engine.diagnosis.scoring import DEFAULT_THRESHOLD
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder
from raddiag_train.evaluation.accuracy import correct_cases
from raddiag_train.evaluation.bootstrap import interval, resample_counts, resampled_mean
from raddiag_train.evaluation.metrics import confusion_rates, ranking_metrics
from raddiag_train.evaluation.resampled_metrics import (
    ResampledCurves,
    mean_over_classes,
    resample_curves,
    resampled_metrics,
)
from raddiag_train.evaluation.tier_results import Figure

ACC, ACCURACY = "acc", "accuracy"
WITH_NORMAL = "with normal"
TIERS = ("head", "medium", "tail")
ALL = "all"
Metrics = dict[str, Figure]


@dataclass(frozen=True)
class RunFigures:
    """What a run came to.

    Attributes:
        key: Of the planned run.
        cases: Split -> cases.
        seconds: Spent training.
        groups: Group of classes -> metric -> figure. Groups are "head", "medium", "tail", "all" (without "Normal") and
            "with normal"; followed by ", without twins" for the cases that have no near-exact twin in the training
            part, where that was looked for. Metrics are those of `resampled_metrics.METRICS`, "acc", the mean over the
            classes of the share of cases on the right side of the threshold, and "accuracy", the share of cases whose
            most probable class is the right one, where a case has only one.
        classes: Group -> classes with a positive and a negative case.
        notes: What must be said beside the figures, such as scans that were set aside.
    """

    key: str
    cases: dict[str, int]
    seconds: float
    groups: dict[str, Metrics]
    classes: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def group_figures(
    disorders: Sequence[Disorder],
    probabilities_NK: NDArray[np.floating],
    targets_NK: NDArray[np.bool_],
    resamples: int,
    seed: int = 0,
) -> tuple[dict[str, Metrics], dict[str, int]]:
    """Group -> metrics and group -> evaluated classes; see `RunFigures`.

    Args:
        disorders: Of the card, with tiers and operating points, in the order of the columns.
        probabilities_NK: (cases, classes).
        targets_NK: (cases, classes).
        resamples: Of the bootstrap over cases; 0 leaves intervals undefined.
        seed: Of the bootstrap.
    """
    thresholds_K = thresholds_of(disorders)
    values = _values(probabilities_NK, targets_NK, thresholds_K)
    counts_RN = resample_counts(len(targets_NK), resamples, seed) if resamples else np.empty((0, len(targets_NK)))
    drawn = {}
    if resamples:
        drawn = drawn_metrics(resample_curves(probabilities_NK, targets_NK, thresholds_K, counts_RN))
    defined_K = ~np.isnan(values["auc"])
    figures: dict[str, Metrics] = {}
    classes: dict[str, int] = {}
    for group, members in class_groups(disorders).items():
        evaluated = members[defined_K[members]]
        classes[group] = len(evaluated)
        figures[group] = {
            name: _figure(values_K[evaluated], drawn[name][members] if drawn else None)
            for name, values_K in values.items()
        }
    if bool((targets_NK.sum(1) == 1).all()):
        correct_N = correct_cases(probabilities_NK, targets_NK)
        bounds = interval(resampled_mean(correct_N, counts_RN)) if resamples else (math.nan, math.nan)
        figures[WITH_NORMAL][ACCURACY] = Figure(float(correct_N.mean()), *bounds)
    return figures, classes


def thresholds_of(disorders: Sequence[Disorder]) -> NDArray[np.float64]:
    """(K,) thresholds of the card, the default where none was fitted."""
    points = [disorder.operating_point for disorder in disorders]
    return np.array([point.threshold if point else DEFAULT_THRESHOLD for point in points])


def class_groups(disorders: Sequence[Disorder]) -> dict[str, NDArray[np.int64]]:
    """Group -> its classes; groups without classes are left out."""
    ill = [k for k, disorder in enumerate(disorders) if not disorder.normal]
    members = {tier: [k for k in ill if disorders[k].tier == tier] for tier in TIERS}
    members |= {ALL: ill, WITH_NORMAL: list(range(len(disorders)))}
    return {group: np.array(classes, dtype=np.int64) for group, classes in members.items() if classes}


def drawn_metrics(curves: ResampledCurves) -> dict[str, NDArray[np.float64]]:
    """Metric -> (K, R), "acc" included; NaN where a resample holds no positive or no negative of the class."""
    drawn = dict(resampled_metrics(curves))
    right_CR = curves.called_hits_CR + curves.negatives_CR - curves.called_false_alarms_CR
    acc_KR = np.full(drawn["auc"].shape, np.nan)
    acc_KR[curves.vertices.present_C] = right_CR / (curves.positives_CR + curves.negatives_CR)
    drawn[ACC] = np.where(np.isnan(drawn["auc"]), np.nan, acc_KR)
    return drawn


def _values(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.bool_], thresholds_K: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    ranking = ranking_metrics(scores_NK, targets_NK)
    at_thresholds = confusion_rates(scores_NK, targets_NK, thresholds_K)
    undefined_K = np.isnan(ranking.auc)
    acc_K = ((scores_NK >= thresholds_K) == targets_NK).mean(0)
    values = {"auc": ranking.auc, "average_precision": ranking.average_precision}
    values |= {"f1": at_thresholds["f1"], "mcc": at_thresholds["mcc"]}
    values |= {f"recall_at_fpr_{rate}": recalls for rate, recalls in ranking.recall_at_fpr.items()}
    values[ACC] = acc_K
    return {name: np.where(undefined_K, np.nan, values_K) for name, values_K in values.items()}


def _figure(values_C: NDArray[np.float64], drawn_KR: NDArray[np.float64] | None) -> Figure:
    mean = float(values_C.mean()) if len(values_C) else math.nan
    bounds = (math.nan, math.nan) if drawn_KR is None else interval(mean_over_classes(drawn_KR))
    return Figure(mean, *bounds)


def write_figures(path: Path, figures: RunFigures) -> None:
    """Write as JSON; what is undefined is null."""
    groups = {
        group: {name: [_or_null(bound) for bound in (f.value, f.low, f.high)] for name, f in metrics.items()}
        for group, metrics in figures.groups.items()
    }
    write_text(path, json.dumps({"schema": 1, **vars(figures), "groups": groups}, indent=1, allow_nan=False) + "\n")


def read_figures(path: Path) -> RunFigures:
    """Read what `write_figures` wrote.

    Raises:
        ConfigError: It is damaged.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        groups = {group: _metrics(metrics) for group, metrics in data["groups"].items()}
        return RunFigures(
            data["key"], data["cases"], data["seconds"], groups, data["classes"], tuple(data.get("notes", ()))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: holds no figures of a run ({error}); delete it to evaluate again") from error


def _metrics(stored: Mapping[str, Sequence[float | None]]) -> Metrics:
    return {
        name: Figure(*(math.nan if bound is None else float(bound) for bound in bounds))
        for name, bounds in stored.items()
    }


def _or_null(value: float) -> float | None:
    return None if math.isnan(value) else value
