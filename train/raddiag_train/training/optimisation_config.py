"""How a training run learns: the table [optimisation] of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from raddiag_train.training.loss_config import LossConfig


@dataclass(frozen=True)
class OptimisationConfig:
    """How the weights are learned.

    Attributes:
        initial_model: Name or folder of a model whose weights the run starts from; empty means random ones.
        epochs: Passes over the data as weighted by source; ignored if `steps` is given.
        steps: Optimiser steps; 0 means by `epochs`.
        batch_cases: Cases of an optimiser step.
        accumulation: Equal parts a batch is computed in, to save memory.
        learning_rate: Highest of the schedule.
        fusion_learning_rate_factor: What the fusion transformer's learning rate is multiplied with; it bears less than
            a convolutional encoder.
        weight_decay: AdamW's, on weights with at least two axes; biases and norms have none.
        warmup_share: Share of the steps in which the learning rate rises.
        gradient_clip: Largest norm of the gradient; 0 means no limit.
        ema_decay: Of the average of the weights; 0 means the last weights themselves.
        precision: Of the forward pass: "auto" is bf16 where the chip computes it itself.
        modality_dropout: Probability that a scan's modality is hidden.
        scan_dropout: Probability that a scan of a case with several is left out; one always stays.
        case_mixing: Probability that a case of another anatomy is added to a case, tried twice (release: 0.3, once).
        mixup_alpha: Of the beta distribution by which cases of the same make-up are mixed; 0 means no mixing.
        prior_bias: Start the classifier's bias at the log-odds of each disorder.
        repeat_threshold: Share of the cases below which a class is seen more often (repeat-factor sampling, LVIS 2019;
            1e-3 there); 0 is off.
        frozen_norm_share: Share of the steps, at the end, in which batch norms use their running statistics, as they
            will in use: images and volumes are normalised apart in training but with common statistics after it.
        mask_unlabelled_sources: True: what a source never labels is unknown for its cases. False: it is absent.
        localisation_weight: Of the loss that asks the class activation map to lie in the lesion, where cases have masks
            (`localisation.py`); for the resnet and vit encoders.
        volume_localisation_factor: What that loss of a volume is multiplied with.
        loss: Of the labels.
    """

    initial_model: str = ""
    epochs: float = 100.0
    steps: int = 0
    batch_cases: int = 32
    accumulation: int = 1
    learning_rate: float = 1e-5
    fusion_learning_rate_factor: float = 1.0
    weight_decay: float = 0.05
    warmup_share: float = 0.05
    gradient_clip: float = 1.0
    ema_decay: float = 0.9998
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    modality_dropout: float = 0.0
    scan_dropout: float = 0.0
    case_mixing: float = 0.0
    mixup_alpha: float = 0.0
    prior_bias: bool = True
    repeat_threshold: float = 0.0
    frozen_norm_share: float = 0.0
    mask_unlabelled_sources: bool = False
    localisation_weight: float = 0.0
    volume_localisation_factor: float = 1.0
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        if self.batch_cases < 1 or self.accumulation < 1 or self.batch_cases % self.accumulation:
            raise ValueError("batch_cases must be a positive multiple of accumulation")
        if self.steps < 0 or (self.steps == 0 and self.epochs <= 0):
            raise ValueError("give epochs or steps, above 0")
        for name in (
            "warmup_share",
            "ema_decay",
            "modality_dropout",
            "scan_dropout",
            "case_mixing",
            "frozen_norm_share",
        ):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 0 and below 1")
        for name in (
            "learning_rate",
            "weight_decay",
            "gradient_clip",
            "mixup_alpha",
            "localisation_weight",
            "volume_localisation_factor",
            "repeat_threshold",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
