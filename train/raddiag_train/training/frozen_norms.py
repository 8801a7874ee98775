"""Batch norms on their running statistics while the rest of the network trains on."""

from __future__ import annotations

from torch import nn


def freeze_norms(network: nn.Module) -> None:
    """Let every batch norm use, and no longer update, its running statistics; its scale and shift go on learning."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
