"""ROC curves of groups of classes with their 95 % bands: figure 8 of the paper.

The paper: "for each category, 1000 random samples are taken and the median AUC value is calculated. This procedure is
repeated multiple times (1000), with the final curve representing the median of these values". Here a repetition draws
the cases anew, with replacement, and 1,000 times a class of the group; its curve is the median of the classes' curves,
at each false positive rate. The line is the median of the repetitions, the band their 2.5th and 97.5th percentile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.bootstrap import CONFIDENCE, Interval
from raddiag_train.evaluation.resampled_metrics import ResampledCurves
from raddiag_train.evaluation.roc_vertices import Floats, Ints, RocVertices

RATES_G = np.linspace(0.0, 1.0, 101)
CLASS_DRAWS = 1000
CHUNK_RESAMPLES = 50


@dataclass(frozen=True, eq=False)
class RocBand:
    """The curve of a group of classes.

    Attributes:
        name: Of the group.
        classes: Classes that have a positive and a negative case.
        false_positive_rates_G: (G,).
        line_G: Median recall.
        low_G: 2.5th percentile.
        high_G: 97.5th percentile.
        auc: Median over the repetitions of the median AUC of the classes drawn.
        auc_interval: 95 %.
    """

    name: str
    classes: int
    false_positive_rates_G: Floats
    line_G: Floats
    low_G: Floats
    high_G: Floats
    auc: float
    auc_interval: Interval


def roc_bands(
    curves: ResampledCurves, auc_KR: Floats, groups: dict[str, Ints], *, draws: int = CLASS_DRAWS, seed: int = 0
) -> list[RocBand]:
    """One band a group that has a class with positives.

    Args:
        curves: Of all classes in all repetitions.
        auc_KR: Of the same.
        groups: Name -> indices of its classes.
        draws: Classes drawn in a repetition.
        seed: Of the draws.
    """
    vertices = curves.vertices
    defined_K = (vertices.positives_K > 0) & (vertices.negatives_K > 0)
    chosen = {name: classes[defined_K[classes]] for name, classes in groups.items() if defined_K[classes].any()}
    place_K = np.full(len(defined_K), -1)
    place_K[vertices.present_C] = np.arange(len(vertices.present_C))
    generator = np.random.default_rng(seed)
    resamples = curves.positives_CR.shape[1]
    medians = {name: np.empty((resamples, len(RATES_G))) for name in chosen}
    median_aucs = {name: np.empty(resamples) for name in chosen}
    for start in range(0, resamples, CHUNK_RESAMPLES):
        repetitions = range(start, min(start + CHUNK_RESAMPLES, resamples))
        recalls_CRG = resampled_recalls(curves, slice(repetitions.start, repetitions.stop))
        for name, classes in chosen.items():
            for repetition in repetitions:
                drawn = generator.choice(classes, draws)
                of_drawn = recalls_CRG[place_K[drawn], repetition - start]
                medians[name][repetition] = _median(of_drawn)
                median_aucs[name][repetition] = _median(auc_KR[drawn, repetition][:, None])[0]
    tail = (1 - CONFIDENCE) / 2
    bands = []
    for name, classes in chosen.items():
        low_G, line_G, high_G = np.nanquantile(medians[name], [tail, 0.5, 1 - tail], axis=0)
        low, middle, high = np.nanquantile(median_aucs[name], [tail, 0.5, 1 - tail])
        band = RocBand(name, len(classes), RATES_G, line_G, low_G, high_G, float(middle), (float(low), float(high)))
        bands.append(band)
    return bands


def resampled_recalls(curves: ResampledCurves, resamples: slice) -> NDArray[np.float32]:
    """(C, R, G) recall of each class that has positives at each false positive rate, NaN where nothing was drawn."""
    points = curves.points
    new_hits_JR = points.new_hits_J[:, resamples]
    false_alarms_JR = points.false_alarms_J[:, resamples]
    positives_CR, negatives_CR = curves.positives_CR[:, resamples], curves.negatives_CR[:, resamples]
    classes, repetitions = positives_CR.shape
    rates = len(RATES_G)
    with np.errstate(invalid="ignore", divide="ignore"):
        fpr_JR = false_alarms_JR / points.spread(negatives_CR)
    # A positive is found from the first rate on that its point does not exceed.
    bins_JR = np.searchsorted(RATES_G, np.nan_to_num(fpr_JR, nan=1.0) - 1e-12)
    of_class_J = np.repeat(np.arange(classes), np.diff(np.append(points.starts_C, len(new_hits_JR))))
    flat = (of_class_J[:, None] * repetitions + np.arange(repetitions)) * rates + bins_JR
    found = np.bincount(flat.ravel(), new_hits_JR.ravel(), minlength=classes * repetitions * rates)
    hits_CRG = np.cumsum(found.reshape(classes, repetitions, rates), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = hits_CRG / positives_CR[..., None]
    recalls[negatives_CR == 0] = np.nan
    return recalls.astype(np.float32)


def roc_of_class(vertices: RocVertices, k: int) -> tuple[Floats, Floats]:
    """False positive rates and recalls of one class, as a staircase from (0, 0) to (1, 1).

    Raises:
        ValueError: The class has no positive or no negative case.
    """
    own_J = vertices.classes_J == k
    positives, negatives = int(vertices.positives_K[k]), int(vertices.negatives_K[k])
    if not positives or not negatives:
        raise ValueError("a ROC curve needs positive and negative cases")
    before, at = vertices.false_alarms_above_J[own_J] / negatives, vertices.false_alarms_J[own_J] / negatives
    recall = vertices.hits_J[own_J] / positives
    earlier = np.concatenate(([0.0], recall[:-1]))
    rates = np.stack([before, at], 1).ravel()
    recalls = np.stack([earlier, recall], 1).ravel()
    return np.concatenate(([0.0], rates, [1.0])), np.concatenate(([0.0], recalls, [1.0]))


def _median(values_DG: NDArray[np.floating]) -> Floats:
    """Of the classes drawn that are defined."""
    defined = ~np.isnan(values_DG[:, 0])
    if not defined.any():
        return np.full(values_DG.shape[1], np.nan)
    return np.median(values_DG[defined], axis=0).astype(np.float64)
