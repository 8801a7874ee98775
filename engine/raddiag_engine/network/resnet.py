"""ResNet without its classifier: a stem and four stages, or the stages alone."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.network.residual import (
    BasicBlock,
    Bottleneck,
    Dimensions,
    batch_norm,
    convolution,
    initialise_convolutions,
    stage,
)

Strides = tuple[int | tuple[int, ...], ...]

BASIC_BLOCKS: dict[int, tuple[int, int, int, int]] = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class SliceMaxPool(nn.Module):
    """`nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))` by the pool for images.

    On a CPU autocast would put the other one, and what comes after it, into float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) to (N, C, D, h, w), in the memory format of x."""
        if x.is_contiguous():
            return F.max_pool2d(x.flatten(0, 1), 3, 2, 1).unflatten(0, x.shape[:2])
        slices = x.transpose(1, 2).flatten(0, 1)  # no copy where channels are last
        return F.max_pool2d(slices, 3, 2, 1).unflatten(0, (x.shape[0], x.shape[2])).transpose(1, 2)


class ResNetStages(nn.Module):
    """The four stages of a ResNet; the width doubles from one to the next.

    Args:
        block: BasicBlock or Bottleneck.
        dimensions: 2 or 3.
        in_channels: Channels of the input.
        width: Channels of the first stage, before the block's expansion.
        blocks: Blocks of each stage.
        strides: Of the first block of each stage.

    Attributes:
        out_channels: 8 x width x the block's expansion.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        dimensions: Dimensions,
        in_channels: int,
        width: int,
        blocks: tuple[int, int, int, int],
        strides: Strides,
    ) -> None:
        super().__init__()
        inputs = [in_channels, *(width * factor * block.expansion for factor in (1, 2, 4))]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            stage(block, dimensions, inputs[i], width * 2**i, blocks[i], strides[i]) for i in range(4)
        )
        self.out_channels = 8 * width * block.expansion
        initialise_convolutions(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, [D,] H, W) to (N, out_channels, [d,] h, w)."""
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class ResNet(ResNetStages):
    """A 7x7 convolution and a max pool, each with stride 2 in the slice, then the four stages.

    Args:
        block: BasicBlock or Bottleneck.
        dimensions: 2 or 3.
        in_channels: Channels of the input.
        width: Channels of the stem and of the first stage.
        blocks: Blocks of each stage.
        strides: Of the first block of each stage.
        stem_kernel_depth: Slices seen by the first convolution, in 3D.
        stem_depth_strides: Depth strides of the first convolution and of the pool, in 3D.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        dimensions: Dimensions,
        in_channels: int,
        width: int,
        blocks: tuple[int, int, int, int],
        strides: Strides = (1, 2, 2, 2),
        stem_kernel_depth: int = 3,
        stem_depth_strides: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__(block, dimensions, width, width, blocks, strides)
        if dimensions == 2:
            self.conv1 = convolution(2, in_channels, width, 7, 2)
            self.maxpool: nn.Module = nn.MaxPool2d(3, stride=2, padding=1)
        else:
            convolution_stride, pool_stride = stem_depth_strides
            self.conv1 = convolution(3, in_channels, width, (stem_kernel_depth, 7, 7), (convolution_stride, 2, 2))
            # Without a depth stride the pool stays inside the slice, so that slices keep their own evidence.
            self.maxpool = SliceMaxPool() if pool_stride == 1 else nn.MaxPool3d(3, (pool_stride, 2, 2), 1)
        self.bn1 = batch_norm(dimensions, width)
        self.relu = nn.ReLU()
        initialise_convolutions(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, [D,] H, W) to (N, out_channels, [d,] h, w)."""
        return super().forward(self.maxpool(self.relu(self.bn1(self.conv1(x)))))
