"""A small model with random weights, for tests of what surrounds a network."""

from __future__ import annotations

from pathlib import Path

import torch

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.models.card import Coverage, Disorder, ModelCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.preparation.config import PreparationConfig

SMALL_NETWORK = NetworkConfig(
    embedding_width=32,
    classes=3,
    resnet=ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=8, shared_width=8),
    fusion=FusionConfig(layers=1, heads=2),
)


def small_card(name: str = "small") -> ModelCard:
    """The card of the small model."""
    return ModelCard(
        name=name,
        description="Random weights.",
        network=SMALL_NETWORK,
        preparation=PreparationConfig(image_size_px=64, volume_size_px=64, depth=8),
        disorders=(Disorder("Normal", normal=True), Disorder("Meningioma", ("D32",)), Disorder("Glioma", ("C71",))),
        coverage=(Coverage(Modality.MRI, Anatomy.HEAD_AND_NECK),),
    )


def small_network() -> RadDiag:
    """The network of the small model."""
    torch.manual_seed(0)
    return RadDiag(SMALL_NETWORK).eval()


def save_small_model(folder: Path) -> ModelCard:
    """Write the small model."""
    return save_model(folder, small_card(), small_network(), {"input_score.mean": torch.arange(4.0)})
