"""The memory layout in which convolutions run fastest."""

from __future__ import annotations

import torch
from torch import nn


def to_channels_last(network: nn.Module, volumes: bool = False) -> None:
    """Lay out the weights of 2D convolutions, and with `volumes` of 3D ones, channels last, in place.

    Activations follow the weights. Call it outside inference mode.

    Not `contiguous`: a weight with one input channel counts as laid out either way, and stays as it is.
    """
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.data = part.weight.data.to(memory_format=torch.channels_last)
        elif isinstance(part, nn.Conv3d) and volumes:
            part.weight.data = part.weight.data.to(memory_format=torch.channels_last_3d)
