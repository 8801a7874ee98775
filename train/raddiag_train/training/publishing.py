"""From trained weights to a model folder: judged, thresholded and calibrated on the validation cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from raddiag_engine.diagnosis.scoring import probabilities
from raddiag_engine.models.card import Coverage, Disorder, ModelCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.calibration import calibrated, fit_calibration
from raddiag_train.evaluation.predict import predict
from raddiag_train.evaluation.source_results import source_results
from raddiag_train.evaluation.thresholds import fit_operating_point
from raddiag_train.training.card_building import build_card, describe_disorders, evaluation_figures
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.input_score_data import fit_from_predictions
from raddiag_train.training.training_data import TrainingData


def publish(network: RadDiag, config: TrainingConfig, data: TrainingData, folder: Path) -> ModelCard:
    """Write the model folder.

    Everything is fitted in float32, as the engine computes on a CPU, and on weights rounded as they will be stored.

    Args:
        network: With the weights to publish.
        config: The recipe.
        data: Thresholds, calibration and input score come from its validation cases.
        folder: Of the model.

    Returns:
        The card as written.
    """
    if config.card.half_precision:
        round_to_half(network)
    validation = data.validation
    predictions = predict(network, validation)
    disorders = describe_disorders(data.labels, data.train.records, config.card)
    disorders = fit_disorders(
        disorders, validation.records, predictions.logits_NK, validation.labels_NK > 0, config.data.validation_split
    )
    card = build_card(config, network.config, disorders, data.train.records, {})

    unknown_id = config.preparation.modality_ids["unknown"][0]
    unknown = predict(network, validation, modality_id=unknown_id)
    figures: dict[str, float] = {}
    for logits_NK, condition in ((predictions.logits_NK, ""), (unknown.logits_NK, ", modality unknown")):
        results = source_results(validation.records, probabilities(card, logits_NK), data.labels)
        figures |= evaluation_figures(results, config.data.validation_split, condition)
    score = fit_from_predictions(validation, predictions)
    extra = {name: torch.from_numpy(np.array(array)) for name, array in score.to_tensors().items()}
    return save_model(folder, replace(card, evaluation=figures), network, extra, half=config.card.half_precision)


def fit_disorders(
    disorders: Sequence[Disorder],
    records: Sequence[CaseRecord],
    logits_NK: NDArray[np.floating],
    targets_NK: NDArray[np.bool_],
    split: str = "validation",
) -> tuple[Disorder, ...]:
    """Give each disorder its calibration and operating point, on the cases that have a scan it can be assessed on."""
    fitted = []
    for k, disorder in enumerate(disorders):
        rows_N = np.array([_assessable(record, disorder.coverage) for record in records])
        logits_N, targets_N = logits_NK[rows_N, k], targets_NK[rows_N, k]
        calibration = fit_calibration(logits_N, targets_N)
        point = fit_operating_point(calibrated(logits_N, calibration), targets_N, split)
        fitted.append(replace(disorder, calibration=calibration, operating_point=point))
    return tuple(fitted)


@torch.no_grad()
def round_to_half(network: RadDiag) -> None:
    """Round the weights to what half precision can hold; tensors with values beyond its range stay as they are."""
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            halved = tensor.half()
            if torch.equal(halved.isfinite(), tensor.isfinite()):
                tensor.copy_(halved)


def _assessable(record: CaseRecord, coverage: Sequence[Coverage]) -> bool:
    return any(Coverage(scan.modality, record.anatomy_of(scan)) in coverage for scan in record.scans)
