"""A small network with random weights and a case of an image and a volume, prepared."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from raddiag_engine.cases import Modality, Scan
from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.models.card import Disorder, ModelCard
from raddiag_engine.network.config import (
    EncoderKind,
    FusionConfig,
    NetworkConfig,
    ResNetConfig,
    SliceAttentionConfig,
    ViTConfig,
)
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.preparation import PreparationConfig, prepare_case

PREPARATION = PreparationConfig(image_size_px=64, volume_size_px=64, depth=8)


def small_network(encoder: EncoderKind = "resnet") -> RadDiag:
    torch.manual_seed(3)
    config = NetworkConfig(
        encoder=encoder,
        embedding_width=32,
        classes=5,
        resnet=ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=8),
        vit=ViTConfig(
            layers=2,
            heads=2,
            patch_px=16,
            cube_px=16,
            cube_slices=2,
            image_size_px=64,
            volume_size_px=64,
            volume_depth=8,
        ),
        slice_attention=SliceAttentionConfig(width=1, blocks=(1, 1, 1, 1), max_slices=8),
        fusion=FusionConfig(layers=2, heads=2),
    )
    network = RadDiag(config).eval()
    for module in network.modules():  # statistics as after training, so that no layer is dead
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


def scans() -> list[Scan]:
    rng = np.random.default_rng(5)
    coarse_image, coarse_volume = rng.random((9, 11)), rng.random((6, 8, 10))
    image = np.kron(coarse_image, np.ones((10, 10))) * 255
    volume = np.kron(coarse_volume, np.ones((2, 10, 10))) * 1000
    return [
        Scan("xray-1", "image", image.astype(np.uint8), units="8-bit", modality=Modality.XRAY),
        Scan("mri-1", "volume", volume.astype(np.float32), modality=Modality.MRI),
    ]


def evidence_of(encoder: EncoderKind = "resnet") -> CaseEvidence:
    network = small_network(encoder).requires_grad_(False)
    prepared = prepare_case(scans(), PREPARATION)
    inputs = [NetworkScan(torch.from_numpy(p.voxels.copy()), p.is_volume, p.modality_id) for p in prepared]
    disorders = tuple(Disorder(f"Disorder {k}") for k in range(network.config.classes))
    return CaseEvidence(
        case_id="case-1",
        case_hash="c" * 64,
        input_hash="i" * 64,
        card=ModelCard("test", "", network.config, PREPARATION, disorders, weights_sha256="m" * 64),
        network=network,
        device=torch.device("cpu"),
        scans=tuple(scans()),
        modality_ids_S=torch.tensor([p.modality_id for p in prepared]),
        embeddings_SC=network.encode_scans(inputs, 32),
        prepare=lambda index: prepared[index],
    )


@pytest.fixture
def evidence() -> CaseEvidence:
    return evidence_of()
