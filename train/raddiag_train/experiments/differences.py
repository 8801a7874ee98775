"""By how much one run is better than another on the same cases, with a paired bootstrap interval.

Intervals of two runs may overlap although one is better on every resample: the same cases are hard for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import read_card
from raddiag_engine.models.folder import CARD_NAME
from raddiag_train.evaluation.bootstrap import interval, resample_counts
from raddiag_train.evaluation.resampled_metrics import mean_over_classes, resample_curves
from raddiag_train.evaluation.stored_predictions import read_predictions
from raddiag_train.evaluation.tier_results import Figure
from raddiag_train.experiments.execution import MODEL
from raddiag_train.experiments.run_figures import class_groups, drawn_metrics, thresholds_of


@dataclass(frozen=True, eq=False)
class DrawnRun:
    """Metrics of a run in resamples of its test cases; the last column is of the cases themselves.

    Attributes:
        case_ids: Of the cases, in order.
        names: Of the classes.
        groups: Group -> classes.
        metrics: Metric -> (K, R + 1).
    """

    case_ids: NDArray[np.str_]
    names: NDArray[np.str_]
    groups: dict[str, NDArray[np.int64]]
    metrics: dict[str, NDArray[np.float64]]


def drawn_run(folder: Path, resamples: int, seed: int = 0) -> DrawnRun:
    """Resample the stored predictions of a judged folder.

    Raises:
        ConfigError: They are missing or damaged.
    """
    stored, card = read_predictions(folder), read_card(folder / MODEL / CARD_NAME)
    cases = len(stored.case_ids)
    counts_RN = np.concatenate([resample_counts(cases, resamples, seed), np.ones((1, cases))])
    # Stored in single precision; thresholds lie halfway between two cases, so that rounding moves none across.
    curves = resample_curves(
        stored.probabilities_NK.astype(np.float64), stored.targets_NK, thresholds_of(card.disorders), counts_RN
    )
    return DrawnRun(stored.case_ids, stored.names, class_groups(card.disorders), drawn_metrics(curves))


def difference(better: DrawnRun, other: DrawnRun, group: str, metrics: Sequence[str]) -> dict[str, Figure]:
    """Metric -> `better` less `other`, as shares, of the means over the classes of a group.

    Raises:
        ConfigError: They were not judged on the same cases and classes.
    """
    if not np.array_equal(better.case_ids, other.case_ids) or not np.array_equal(better.names, other.names):
        raise ConfigError("two runs were judged on different cases or classes, and cannot be compared case by case")
    found = {}
    for metric in metrics:
        means = [mean_over_classes(run.metrics[metric][run.groups[group]]) for run in (better, other)]
        gaps = means[0] - means[1]
        found[metric] = Figure(float(gaps[-1]), *interval(gaps[:-1]))
    return found
