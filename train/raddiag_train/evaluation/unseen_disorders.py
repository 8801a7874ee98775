"""How well a model tells disorders that it never learned, by the text of their names alone (section 5.1.1).

An AUC over all cases can be had cheaply: a name that says "liver" need only be known to be of the abdomen. So each
disorder is also judged among the cases of its own body region, and against the model's own disorder of the nearest
name, whose score needs no open vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.open_vocabulary import OpenVocabulary
from raddiag_engine.diagnosis.vocabulary import NamedDisorder, name_key
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.bootstrap import RESAMPLES, Interval, interval, resample_counts
from raddiag_train.evaluation.metrics import ranking_metrics
from raddiag_train.evaluation.predict import predict
from raddiag_train.evaluation.resampled_metrics import mean_over_classes, resample_curves, resampled_metrics
from raddiag_train.progress import task_progress


@dataclass(frozen=True)
class AreaUnderCurve:
    """An AUC with its 95 % interval by bootstrap over the cases; NaN if there is no positive or no negative case."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class UnseenResult:
    """One disorder.

    Attributes:
        name: Of it; empty for the mean over all.
        positives: Cases that have it.
        all_cases: Among all cases.
        same_region: Among the cases of the body regions in which it occurs.
        nearest: The model's own disorder of the nearest name.
        nearest_same_region: That disorder's score in place of the text's, among the same cases.
    """

    name: str
    positives: int
    all_cases: AreaUnderCurve
    same_region: AreaUnderCurve
    nearest: str
    nearest_same_region: AreaUnderCurve


def never_learned(card: ModelCard, records: Sequence[CaseRecord]) -> tuple[str, ...]:
    """The disorders of the cases that the model does not know, most frequent first.

    Raises:
        ConfigError: It knows them all.
    """
    known = {name_key(disorder.name) for disorder in card.disorders}
    counts = Counter(name for record in records for name in record.disorders if name_key(name) not in known)
    if not counts:
        raise ConfigError(f"model {card.name} has learned every disorder of these cases; take cases of others")
    return tuple(name for name, _ in counts.most_common())


def evaluate_unseen(
    model: Model,
    records: Sequence[CaseRecord],
    names: Sequence[str],
    cache: Path,
    *,
    device: str = "auto",
    encoder_folder: Path | None = None,
    resamples: int = RESAMPLES,
) -> tuple[UnseenResult, ...]:
    """Judge disorders by their names; the mean over them comes last.

    Args:
        model: With a knowledge head.
        records: Cases with any disorders of the model or of `names`.
        names: Of disorders that the model never learned.
        cache: Folder of prepared scans.
        device: "auto", "cpu" or "cuda".
        encoder_folder: Of the model's knowledge encoder, where it does not store it.
        resamples: Of the bootstrap.

    Raises:
        ConfigError: The model has learned one of the disorders, or a case has one that is neither's.
        ModelError: The model has no knowledge head, or its encoder is not there.
    """
    learned = {name_key(disorder.name) for disorder in model.card.disorders}
    for name in names:
        if name_key(name) in learned:
            raise ConfigError(f"model {model.card.name} has learned {name!r}; name disorders that it never learned")
    placement = place(device)
    network = model.network.to(placement.device)
    vocabulary = OpenVocabulary(model, network, network, encoder_folder)
    space = vocabulary.opened([NamedDisorder(name) for name in names], lambda done, total, what: None, lambda: False)
    labels = LabelSpace(space.card.disorders)
    with task_progress("preparing cases") as progress:
        dataset = PreparedDataset(records, labels, model.card.preparation, cache, progress=progress)
    with task_progress("evaluating cases") as progress:
        logits_NK = predict(space.network, dataset, autocast=placement.autocast(), progress=progress).logits_NK
    nearest = [labels.indices[near.name] for near in space.nearest]
    return judge_unseen(logits_NK, labels, records, names, nearest, resamples)


def judge_unseen(
    logits_NK: NDArray[np.floating],
    labels: LabelSpace,
    records: Sequence[CaseRecord],
    names: Sequence[str],
    nearest: Sequence[int],
    resamples: int = RESAMPLES,
) -> tuple[UnseenResult, ...]:
    """The figures from logits.

    Args:
        logits_NK: Of the cases, for the classes of `labels`.
        labels: With the disorders of `names` among them.
        records: The cases.
        names: The unseen disorders.
        nearest: Class index of the model's own disorder that is nearest to each.
        resamples: Of the bootstrap.
    """
    targets_NK = labels.matrix(records) > 0
    columns = [labels.indices[name] for name in names]
    counts_RN = resample_counts(len(records), resamples)
    regions_N = np.array([str(record.anatomy) for record in records])
    everywhere, here, near = [], [], []
    for column, own in zip(columns, nearest, strict=True):
        targets_N = targets_NK[:, column]
        same_N = np.isin(regions_N, np.unique(regions_N[targets_N]))
        everywhere.append(_auc(logits_NK[:, column], targets_N, counts_RN))
        here.append(_auc(logits_NK[same_N, column], targets_N[same_N], counts_RN[:, same_N]))
        near.append(_auc(logits_NK[same_N, own], targets_N[same_N], counts_RN[:, same_N]))
    results = [
        UnseenResult(
            name=name,
            positives=int(targets_NK[:, columns[u]].sum()),
            all_cases=_figure(*everywhere[u]),
            same_region=_figure(*here[u]),
            nearest=labels.names[nearest[u]],
            nearest_same_region=_figure(*near[u]),
        )
        for u, name in enumerate(names)
    ]
    positives = int(targets_NK[:, columns].any(1).sum())
    return (*results, UnseenResult("", positives, _mean(everywhere), _mean(here), "", _mean(near)))


def _auc(
    scores_N: NDArray[np.floating], targets_N: NDArray[np.bool_], counts_RN: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The AUC, and in every resample."""
    if not targets_N.any() or targets_N.all():
        return float("nan"), np.full(len(counts_RN), np.nan)
    scores_N1, targets_N1 = scores_N[:, None].astype(np.float64), targets_N[:, None]
    value = float(ranking_metrics(scores_N1, targets_N1).auc[0])
    drawn = resampled_metrics(resample_curves(scores_N1, targets_N1, np.zeros(1), counts_RN))["auc"][0]
    return value, drawn


def _figure(value: float, drawn_R: NDArray[np.float64]) -> AreaUnderCurve:
    return AreaUnderCurve(value, interval(drawn_R))


def _mean(found: Sequence[tuple[float, NDArray[np.float64]]]) -> AreaUnderCurve:
    values = np.array([value for value, _ in found])
    if np.isnan(values).all():
        return AreaUnderCurve(float("nan"), (float("nan"), float("nan")))
    return AreaUnderCurve(
        float(np.nanmean(values)), interval(mean_over_classes(np.stack([drawn for _, drawn in found])))
    )
