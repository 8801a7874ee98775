"""A scan-level classifier as three models of cases: its predictions pooled at random, by maximum or by mean.

The supplement's baselines. One classifier is learned, from one scan of each case at a time; thresholds and calibration
are fitted anew for each pooling, on the validation cases, as they are for the fusion module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model, save_model
from raddiag_engine.network.config import FusionKind
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.disorder_fit import fit_disorders
from raddiag_train.evaluation.predict import predict
from raddiag_train.training.training_data import prepared_dataset

POOLINGS: tuple[FusionKind, ...] = ("random", "max", "mean")


def write_pooled_model(
    classifier: Model, kind: FusionKind, validation: Sequence[CaseRecord], cache: Path, folder: Path, device: str
) -> ModelCard:
    """Write the model folder of a pooling.

    Args:
        classifier: Without fusion module.
        kind: One of `POOLINGS`.
        validation: Cases to fit thresholds and calibration on.
        cache: Of prepared scans.
        folder: To write.
        device: "cpu" or "cuda".
    """
    card = classifier.card
    config = replace(card.network, fusion=replace(card.network.fusion, kind=kind))
    network = RadDiag(config)
    network.load_state_dict(classifier.network.state_dict())
    labels = LabelSpace(card.disorders)
    dataset = prepared_dataset(validation, labels, card.preparation, cache)
    torch.manual_seed(0)  # of the scans picked at random
    logits_NK = predict(network.to(device), dataset).logits_NK
    disorders = fit_disorders(
        card.disorders, validation, logits_NK, labels.matrix(validation) > 0, coverage=card.coverage
    )
    pooled = replace(card, name=f"{card.name}, {kind} pooling", network=config, disorders=disorders)
    return save_model(folder, pooled, network, classifier.extra)
