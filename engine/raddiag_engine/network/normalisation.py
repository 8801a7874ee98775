"""The separate 2D and 3D normalisation modules of the ResNet encoder (section 4.2.1)."""

from __future__ import annotations

from raddiag_engine.network.config import ResNetConfig
from raddiag_engine.network.residual import BasicBlock
from raddiag_engine.network.resnet import BASIC_BLOCKS, ResNet


def image_normalisation(config: ResNetConfig, in_channels: int) -> ResNet:
    """The 2D module: (N, in_channels, H, W) to (N, C, h, w), C = 8 x normalisation_width."""
    return ResNet(
        BasicBlock,
        2,
        in_channels,
        config.normalisation_width,
        BASIC_BLOCKS[config.normalisation_depth],
        config.normalisation_strides,
    )


def volume_normalisation(config: ResNetConfig, in_channels: int) -> ResNet:
    """The 3D module: (N, in_channels, D, H, W) to (N, C, d, h, w).

    It shrinks height and width as the 2D module does; depth is averaged away after it.
    """
    stem_and_pool, stages = config.depth_strides[:2], config.depth_strides[2:]
    return ResNet(
        BasicBlock,
        3,
        in_channels,
        config.normalisation_width,
        BASIC_BLOCKS[config.normalisation_depth],
        tuple((depth, plane, plane) for depth, plane in zip(stages, config.normalisation_strides, strict=True)),
        config.stem_kernel_depth,
        stem_and_pool,
    )
