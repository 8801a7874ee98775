"""A model folder of ours on a data set that it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.scoring import DEFAULT_THRESHOLD, probabilities
from raddiag_engine.models.folder import Model
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.evaluation.engine_fusion import FusionSettings, fuse_as_engine
from raddiag_train.experiments.zero_shot.answers import Answers
from raddiag_train.experiments.zero_shot.label_mapping import MappedLabel


def model_answers(
    model: Model, records: Sequence[CaseRecord], mapped: Sequence[MappedLabel], cache: Path, device: str
) -> Answers:
    """What the model says, at the thresholds of its own card.

    Args:
        model: As loaded.
        records: N cases, with labels of their own, which are not looked at.
        mapped: L labels; one that means several disorders is the most probable of them.
        cache: Of prepared scans.
        device: "auto", "cpu" or "cuda".

    Raises:
        ReadError: A scan cannot be read or prepared, or a case has no usable one.
    """
    card = model.card
    # A data set's labels need not be among the model's, and the logits do not depend on them.
    unlabelled = [replace(r, disorders=(card.disorders[0].name,), icd10cm=(), scans=_unmasked(r)) for r in records]
    # As in the other experiments, every scan of a case is fused, but for those that the reader advises against.
    settings = FusionSettings(cache, place(device), all_scans=True)
    fused = fuse_as_engine(model, unlabelled, LabelSpace(card.disorders), settings)
    points = [disorder.operating_point for disorder in card.disorders]
    thresholds_K = np.array([point.threshold if point else DEFAULT_THRESHOLD for point in points])
    answers = answers_of(probabilities(card, fused.logits_NK), thresholds_K, card_names(model), mapped)
    return replace(answers, set_aside=fused.set_aside)


def card_names(model: Model) -> tuple[str, ...]:
    """The disorders' names, in the order of the logits."""
    return tuple(disorder.name for disorder in model.card.disorders)


def answers_of(
    probabilities_NK: NDArray[np.floating],
    thresholds_K: NDArray[np.floating],
    names: Sequence[str],
    mapped: Sequence[MappedLabel],
) -> Answers:
    """Answers on a data set's labels from those on a model's disorders.

    A label that means nothing to the model is never called. Where "Normal" does, it is called if no other label is,
    and the less probable the others are the more probable it is.
    """
    cases = len(probabilities_NK)
    scores_NL, called_NL = np.zeros((cases, len(mapped))), np.zeros((cases, len(mapped)), dtype=bool)
    index_of = {name: index for index, name in enumerate(names)}
    for place_, one in enumerate(mapped):
        own = [index_of[name] for name in one.disorders]
        if own:
            scores_NL[:, place_] = probabilities_NK[:, own].max(1)
            called_NL[:, place_] = (probabilities_NK[:, own] >= thresholds_K[own]).any(1)
    for place_, one in enumerate(mapped):
        if one.label.name == NORMAL and not one.disorders:
            others = [k for k in range(len(mapped)) if k != place_]
            scores_NL[:, place_] = 1 - scores_NL[:, others].max(1, initial=0.0)
            called_NL[:, place_] = ~called_NL[:, others].any(1)
    return Answers(scores_NL, called_NL)


def _unmasked(record: CaseRecord) -> tuple:
    return tuple(replace(scan, masks={}) for scan in record.scans)
