"""Everything of a model that comes from its validation cases: thresholds, calibration, figures and the input score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.diagnosis.scoring import probabilities
from raddiag_engine.models.card import ModelCard
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.prepared import PreparedDataset, Progress
from raddiag_train.evaluation.disorder_fit import fit_disorders
from raddiag_train.evaluation.input_score_data import fit_from_predictions, has_enough_scans
from raddiag_train.evaluation.predict import predict
from raddiag_train.evaluation.source_results import SourceResult, source_results


def fit_on_validation(
    card: ModelCard, network: RadDiag, dataset: PreparedDataset, split: str, progress: Progress | None = None
) -> tuple[ModelCard, dict[str, Tensor]]:
    """Fit a model to cases it was not trained on, in float32, as the engine computes on a CPU.

    Args:
        card: Of the model; its thresholds, calibration and figures are replaced.
        network: On any device, with the weights rounded as they will be stored.
        dataset: N cases, prepared as the card says, with at most as many scans as the model takes.
        split: Name of the split the cases are from.
        progress: Called with cases done and cases to do, of the first of two passes.

    Returns:
        The card, and the tensors of the input score; none where no modality and anatomy has enough scans.
    """
    predictions = predict(network, dataset, progress=progress)
    targets_NK = dataset.case_labels.matrix()[:, : len(card.disorders)]
    disorders = fit_disorders(card.disorders, dataset.records, predictions.logits_NK, targets_NK, split, card.coverage)
    card = replace(card, disorders=disorders)
    labels = LabelSpace(disorders)
    unknown = predict(network, dataset, modality_id=card.preparation.modality_ids["unknown"][0])
    figures: dict[str, float] = {}
    for logits_NK, condition in ((predictions.logits_NK, ""), (unknown.logits_NK, ", modality unknown")):
        results = source_results(dataset.records, probabilities(card, logits_NK), labels)
        figures |= evaluation_figures(results, split, condition)
    tensors: dict[str, Tensor] = {}
    if has_enough_scans(dataset):
        arrays = fit_from_predictions(dataset, predictions).to_tensors()
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    return replace(card, evaluation=figures), tensors


def evaluation_figures(results: Sequence[SourceResult], split: str, condition: str = "") -> dict[str, float]:
    """Figures for the card: "validation, SOURCE: macro AUC" and the like."""
    figures = {}
    for result in results:
        prefix = f"{split}, {result.source or 'cases'}{condition}: "
        figures[prefix + "macro AUC"] = round(result.macro_auc, 4)
        if result.accuracy is not None:
            figures[prefix + "accuracy"] = round(result.accuracy, 4)
    return figures
