"""How much memory the encoder keeps of a scan until the backward pass, measured without computing anything.

The encoder runs on torch's meta device, where tensors have shapes but no values, and what autograd saves is added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_train.training.activation_checkpointing import checkpoint_activations


def saved_bytes(
    config: NetworkConfig, shape: Sequence[int], is_volume: bool, *, checkpointing: bool = False, half: bool = False
) -> int:
    """Bytes that autograd saves of one scan: what a step needs for each scan that is computed at once.

    Args:
        config: Of the network.
        shape: Of the prepared scan, (row, column) or (slice, row, column).
        is_volume: As in the scan.
        checkpointing: With gradient checkpointing, which keeps the inputs of the blocks alone.
        half: In bf16.
    """
    kind = torch.bfloat16 if half else torch.float32
    with torch.device("meta"):
        encoder = RadDiag(config).encoder.to(kind).train()
    if checkpointing:
        checkpoint_activations(encoder)
    weights = {tensor.untyped_storage()._cdata for tensor in encoder.state_dict(keep_vars=True).values()}
    saved: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            saved[storage._cdata] = tensor
        return tensor

    # No two slices alike, as equal ones are computed once.
    voxels = torch.arange(shape[0], dtype=torch.float32).view(-1, *[1] * (len(shape) - 1)).expand(*shape)
    # Two scans, for a batch norm refuses a single value.
    [group] = pack([[NetworkScan(voxels, is_volume, 0)], [NetworkScan(voxels + 0.5, is_volume, 0)]], config).groups
    group = group.to("meta")
    group = replace(group, voxels=group.voxels.to(kind))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        encoder(group)
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values()) // 2
