"""The figures of an evaluation: reliability, score distributions, ROC bands; as data, and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.plots.reliability_plot import plot_reliability
from raddiag_train.evaluation.plots.roc_plot import plot_roc_bands, plot_roc_of_classes
from raddiag_train.evaluation.plots.score_plot import plot_score_distributions
from raddiag_train.evaluation.reliability import Reliability, reliability
from raddiag_train.evaluation.roc_bands import RocBand, roc_of_class
from raddiag_train.evaluation.roc_vertices import roc_vertices
from raddiag_train.evaluation.score_distributions import GroupDistributions, score_distributions
from raddiag_train.evaluation.stored_predictions import StoredPredictions

ReliabilityPanels = tuple[tuple[str, dict[str, Reliability]], ...]


@dataclass(frozen=True)
class FigureData:
    """What is drawn beside the ROC bands.

    Attributes:
        reliability: Group of classes -> curve "uncalibrated" and, where the card holds any calibration, "calibrated".
        scores: Of each group of classes.
    """

    reliability: ReliabilityPanels
    scores: tuple[GroupDistributions, ...]


def figure_data(stored: StoredPredictions, groups: dict[str, NDArray[np.int64]]) -> FigureData:
    """Reliability and score distributions of groups of classes.

    Args:
        stored: Predictions.
        groups: Name -> classes.
    """
    panels = tuple((name, _reliability(stored, classes)) for name, classes in groups.items())
    scores = score_distributions(groups, stored.probabilities_NK, stored.targets_NK, stored.anatomies.tolist())
    return FigureData(panels, tuple(scores))


def draw_figures(folder: Path, data: FigureData, bands: tuple[RocBand, ...], title: str) -> list[Path]:
    """Write roc_bands.png, reliability.png and score_distributions.png."""
    paths = []
    if bands:
        plot_roc_bands(folder / "roc_bands.png", bands, title)
        paths.append(folder / "roc_bands.png")
    if data.reliability:
        plot_reliability(folder / "reliability.png", data.reliability)
        plot_score_distributions(folder / "score_distributions.png", data.scores)
        paths += [folder / "reliability.png", folder / "score_distributions.png"]
    return paths


def draw_roc_of_classes(path: Path, stored: StoredPredictions, names: list[str]) -> None:
    """ROC curves of chosen classes on one sheet, with their AUC.

    Raises:
        ConfigError: The model does not know one, or it has no positive or no negative case.
    """
    from raddiag_engine.errors import ConfigError
    from raddiag_train.evaluation.metrics import metrics_of

    classes = [stored.class_of(name) for name in names]
    vertices = roc_vertices(stored.probabilities_NK[:, classes], stored.targets_NK[:, classes])
    auc_K = metrics_of(vertices).auc
    curves = []
    for k, name in enumerate(names):
        positives, negatives = int(vertices.positives_K[k]), int(vertices.negatives_K[k])
        if not positives or not negatives:
            raise ConfigError(f"{name!r} has {positives} positive and {negatives} negative cases here; both are needed")
        curves.append(
            (f"{name}: AUC {auc_K[k]:.3f}, {positives} of {positives + negatives}", *roc_of_class(vertices, k))
        )
    plot_roc_of_classes(path, curves, stored.model)


def _reliability(stored: StoredPredictions, classes: NDArray[np.int64]) -> dict[str, Reliability]:
    truth_NK = stored.targets_NK[:, classes]
    plain_NK = 0.5 * (1.0 + np.tanh(0.5 * stored.logits_NK[:, classes]))
    curves = {"uncalibrated": reliability(plain_NK, truth_NK)}
    if stored.calibrated[classes].any():
        curves["calibrated"] = reliability(stored.probabilities_NK[:, classes], truth_NK)
    return curves
