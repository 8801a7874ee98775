"""Small networks and scans of every kind, for the tests of this folder."""

from __future__ import annotations

import torch

from raddiag_engine.network.config import (
    EncoderKind,
    FusionConfig,
    HeadConfig,
    NetworkConfig,
    ResNetConfig,
    SliceAttentionConfig,
    ViTConfig,
)
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan

WIDTH, CLASSES, TEXT_WIDTH = 32, 5, 12


def small_config(
    encoder: EncoderKind = "resnet",
    fusion: FusionConfig | None = None,
    head: HeadConfig | None = None,
) -> NetworkConfig:
    """A configuration that runs in milliseconds at 32 x 32."""
    return NetworkConfig(
        encoder=encoder,
        embedding_width=WIDTH,
        input_channels=3,
        classes=CLASSES,
        resnet=ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4),
        vit=ViTConfig(
            layers=2, heads=4, patch_px=8, cube_px=8, cube_slices=2, image_size_px=32, volume_size_px=32, volume_depth=4
        ),
        slice_attention=SliceAttentionConfig(width=2, blocks=(1, 1, 1, 1), max_slices=6),
        fusion=fusion or FusionConfig(layers=2, heads=4, modalities=4),
        head=head or HeadConfig(text_width=TEXT_WIDTH),
    )


def small_network(config: NetworkConfig, seed: int = 0) -> RadDiag:
    """A network in eval mode, with batch-norm statistics unlike the initial ones and text where it is needed."""
    torch.manual_seed(seed)
    network = RadDiag(config).eval()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.normal_(part.bias, 0, 0.1)
    if config.head.kind == "knowledge":
        network.set_text_embeddings(torch.randn(CLASSES, TEXT_WIDTH))
    return network


def image(seed: int, modality_id: int = 1, size: tuple[int, int] = (32, 32)) -> NetworkScan:
    """A random 2D scan."""
    return NetworkScan(torch.rand(size, generator=torch.manual_seed(seed)), False, modality_id)


def volume(seed: int, modality_id: int = 2, slices: int = 4) -> NetworkScan:
    """A random 3D scan."""
    return NetworkScan(torch.rand(slices, 32, 32, generator=torch.manual_seed(seed)), True, modality_id)
