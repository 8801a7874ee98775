"""From trained weights to a model folder: judged, thresholded and calibrated on the validation cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from raddiag_engine.diagnosis.scoring import probabilities
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.model import RadDiag
from raddiag_train.evaluation.disorder_fit import fit_disorders
from raddiag_train.evaluation.predict import predict
from raddiag_train.evaluation.source_results import source_results
from raddiag_train.training.card_building import build_card, describe_disorders, evaluation_figures
from raddiag_train.training.classifier_cut import without_auxiliary_classes
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.input_score_data import fit_from_predictions
from raddiag_train.training.label_text import LabelText
from raddiag_train.training.training_data import TrainingData


def publish(
    network: RadDiag, config: TrainingConfig, data: TrainingData, folder: Path, text: LabelText | None = None
) -> ModelCard:
    """Write the model folder.

    Everything is fitted in float32, as the engine computes on a CPU, and on weights rounded as they will be stored.

    Args:
        network: With the weights to publish.
        config: The recipe.
        data: Thresholds, calibration and input score come from its validation cases.
        folder: Of the model.
        text: Of a knowledge head; the encoder goes with the model where it is small.

    Returns:
        The card as written.
    """
    network = without_auxiliary_classes(network, len(data.labels))
    if config.card.half_precision:
        round_to_half(network)
    validation = data.validation
    predictions = predict(network, validation)
    disorders = describe_disorders(data.labels, data.train.records, config.card)
    targets_NK = validation.case_labels.matrix()[:, : len(disorders)]
    disorders = fit_disorders(
        disorders, validation.records, predictions.logits_NK, targets_NK, config.data.validation_split
    )
    card = build_card(config, network.config, disorders, data.train.records, {})
    card = replace(card, knowledge_encoder=text.card if text else None)

    unknown_id = config.preparation.modality_ids["unknown"][0]
    unknown = predict(network, validation, modality_id=unknown_id)
    figures: dict[str, float] = {}
    for logits_NK, condition in ((predictions.logits_NK, ""), (unknown.logits_NK, ", modality unknown")):
        results = source_results(validation.records, probabilities(card, logits_NK), data.labels)
        figures |= evaluation_figures(results, config.data.validation_split, condition)
    score = fit_from_predictions(validation, predictions)
    extra = {name: torch.from_numpy(np.array(array)) for name, array in score.to_tensors().items()}
    extra |= text.tensors if text else {}
    return save_model(folder, replace(card, evaluation=figures), network, extra, half=config.card.half_precision)


@torch.no_grad()
def round_to_half(network: RadDiag) -> None:
    """Round the weights to what half precision can hold; tensors with values beyond its range stay as they are."""
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            halved = tensor.half()
            if torch.equal(halved.isfinite(), tensor.isfinite()):
                tensor.copy_(halved)
