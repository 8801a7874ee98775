"""From trained weights to a model folder: judged, thresholded and calibrated on the validation cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.model import RadDiag
from raddiag_train.evaluation.validation_fit import fit_on_validation
from raddiag_train.training.card_building import build_card, describe_disorders
from raddiag_train.training.classifier_cut import without_auxiliary_classes
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.label_text import LabelText
from raddiag_train.training.logit_adjustment import with_adjusted_bias
from raddiag_train.training.training_data import TrainingData


def publish(
    network: RadDiag,
    config: TrainingConfig,
    data: TrainingData,
    folder: Path,
    adjustment_K: Tensor | None = None,
    text: LabelText | None = None,
) -> ModelCard:
    """Write the model folder.

    Everything is fitted in float32, as the engine computes on a CPU, and on weights rounded as they will be stored.

    Args:
        network: With the weights to publish.
        config: The recipe.
        data: Thresholds, calibration and input score come from its validation cases.
        folder: Of the model.
        adjustment_K: What the loss added to the logits, which the published bias takes in; None if nothing.
        text: Of a knowledge head; the encoder goes with the model where it is small.

    Returns:
        The card as written.
    """
    network = without_auxiliary_classes(network, len(data.labels))
    if adjustment_K is not None:
        network = with_adjusted_bias(network, adjustment_K[: len(data.labels)])
    if config.card.half_precision:
        round_to_half(network)
    disorders = describe_disorders(data.labels, data.train.records, config.card)
    card = build_card(config, network.config, disorders, data.train.records, {})
    card = replace(card, knowledge_encoder=text.card if text else None)
    card, score = fit_on_validation(card, network, data.validation, config.data.validation_split)
    extra = score | (text.tensors if text else {})
    return save_model(folder, card, network, extra, half=config.card.half_precision)


@torch.no_grad()
def round_to_half(network: RadDiag) -> None:
    """Round the weights to what half precision can hold; tensors with values beyond its range stay as they are."""
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            halved = tensor.half()
            if torch.equal(halved.isfinite(), tensor.isfinite()):
                tensor.copy_(halved)
