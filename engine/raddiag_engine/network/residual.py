"""Residual blocks and stages in two and three dimensions (He et al. 2016), in torchvision's layout.

Every ReLU is a module of its own and not in place, so that guided and DeepLift attributions can hook it.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Dimensions = Literal[2, 3]


# In the backward pass of a 1x1 convolution of images with a stride, channels last and more than one thread, oneDNN as
# torch 2.13 has it writes beyond its memory: seen with 2 to 12 channels, in float32 and bfloat16; not with 16 to 48,
# and not of volumes.
SAFE_CHANNELS = 16


class NarrowStridedConv2d(nn.Conv2d):
    """A 1x1 convolution with a stride, by leaving out pixels first; the same numbers, and safe for few channels."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, channels, h, w)."""
        down, across = self.stride
        return nn.functional.conv2d(input[:, :, ::down, ::across], self.weight, self.bias)


def convolution(
    dimensions: Dimensions,
    in_channels: int,
    channels: int,
    kernel: int | tuple[int, ...],
    stride: int | tuple[int, ...] = 1,
) -> nn.Conv2d | nn.Conv3d:
    """A convolution without bias, padded by half its kernel."""
    kernel = (kernel,) * dimensions if isinstance(kernel, int) else kernel
    padding = tuple(edge // 2 for edge in kernel)
    kind: type[nn.Conv2d] | type[nn.Conv3d] = nn.Conv2d if dimensions == 2 else nn.Conv3d
    if kernel == (1, 1) and stride not in (1, (1, 1)) and in_channels < SAFE_CHANNELS:
        kind = NarrowStridedConv2d
    return kind(in_channels, channels, kernel, stride, padding, bias=False)  # type: ignore[arg-type]


def batch_norm(dimensions: Dimensions, channels: int) -> nn.BatchNorm2d | nn.BatchNorm3d:
    """Batch normalisation of images or volumes."""
    return nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm3d(channels)


def shortcut(
    dimensions: Dimensions, in_channels: int, channels: int, stride: int | tuple[int, ...]
) -> nn.Sequential | None:
    """The 1x1 projection beside a block that changes size; None where the input itself can be added."""
    strided = stride != 1 if isinstance(stride, int) else any(step != 1 for step in stride)
    if not strided and in_channels == channels:
        return None
    return nn.Sequential(
        convolution(dimensions, in_channels, channels, 1, stride),
        batch_norm(dimensions, channels),
    )


class BasicBlock(nn.Module):
    """Two 3x3 (or 3x3x3) convolutions and the shortcut; the block of ResNet-18 and 34.

    Args:
        dimensions: 2 or 3.
        in_channels: Channels of the input.
        channels: Channels of the output.
        stride: Of the first convolution.
    """

    expansion = 1

    def __init__(
        self, dimensions: Dimensions, in_channels: int, channels: int, stride: int | tuple[int, ...] = 1
    ) -> None:
        super().__init__()
        self.conv1 = convolution(dimensions, in_channels, channels, 3, stride)
        self.bn1 = batch_norm(dimensions, channels)
        self.relu1 = nn.ReLU()
        self.conv2 = convolution(dimensions, channels, channels, 3)
        self.bn2 = batch_norm(dimensions, channels)
        self.downsample = shortcut(dimensions, in_channels, channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, [D,] H, W) to (N, channels, [d,] h, w)."""
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(x)) + identity)


class Bottleneck(nn.Module):
    """1x1, 3x3 (which carries the stride) and 1x1 convolutions and the shortcut; the block of ResNet-50.

    Args:
        dimensions: 2 or 3.
        in_channels: Channels of the input.
        channels: Channels of the middle; the output has four times as many.
        stride: Of the 3x3 convolution.
    """

    expansion = 4

    def __init__(
        self, dimensions: Dimensions, in_channels: int, channels: int, stride: int | tuple[int, ...] = 1
    ) -> None:
        super().__init__()
        self.conv1 = convolution(dimensions, in_channels, channels, 1)
        self.bn1 = batch_norm(dimensions, channels)
        self.relu1 = nn.ReLU()
        self.conv2 = convolution(dimensions, channels, channels, 3, stride)
        self.bn2 = batch_norm(dimensions, channels)
        self.relu2 = nn.ReLU()
        self.conv3 = convolution(dimensions, channels, channels * self.expansion, 1)
        self.bn3 = batch_norm(dimensions, channels * self.expansion)
        self.downsample = shortcut(dimensions, in_channels, channels * self.expansion, stride)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, [D,] H, W) to (N, 4 x channels, [d,] h, w)."""
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu1(self.bn1(self.conv1(x)))
        x = self.relu2(self.bn2(self.conv2(x)))
        return self.relu3(self.bn3(self.conv3(x)) + identity)


def stage(
    block: type[BasicBlock] | type[Bottleneck],
    dimensions: Dimensions,
    in_channels: int,
    channels: int,
    blocks: int,
    stride: int | tuple[int, ...],
) -> nn.Sequential:
    """Several blocks of equal width, of which the first one carries the stride."""
    out_channels = channels * block.expansion
    first = block(dimensions, in_channels, channels, stride)
    return nn.Sequential(first, *(block(dimensions, out_channels, channels) for _ in range(blocks - 1)))


def initialise_convolutions(module: nn.Module) -> None:
    """He initialisation (He et al. 2015, fan out) of every convolution in `module`."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
