"""What a network says of a prepared data set."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import PackedBatch
from raddiag_train.data.augmentation import as_float
from raddiag_train.data.batches import Collate
from raddiag_train.data.prepared import PreparedDataset

BATCH_CASES = 16


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of N cases.

    Attributes:
        logits_NK: (cases, classes) float32.
        embeddings: For each case the scan embeddings (scans, C), float32.
    """

    logits_NK: NDArray[np.float32]
    embeddings: tuple[NDArray[np.float32], ...]


@torch.no_grad()
def predict(
    network: RadDiag,
    dataset: PreparedDataset,
    *,
    autocast: AbstractContextManager[object] | None = None,
    mirrored: bool = False,
    modality_id: int | None = None,
    change: Callable[[Tensor], Tensor] = lambda voxels: voxels,
    progress: Callable[[int, int], None] | None = None,
) -> Predictions:
    """Logits and scan embeddings of every case, in order; the network is put in evaluation mode meanwhile.

    Args:
        network: On any device.
        dataset: Prepared as the network wants it.
        autocast: Context of the forward pass; float32, as the engine on a CPU, by default.
        mirrored: Average the logits with those of the case with left and right exchanged.
        modality_id: Given to every scan in place of its own, as where a modality is not known.
        change: Applied to the voxels (N, 1, [D,] H, W) of every group, such as painting over the borders.
        progress: Called with cases done and cases to do.
    """
    collate, device, training = Collate(network.config), network.device, network.training
    logits, embeddings = [], []
    network.eval()
    for start in range(0, len(dataset), BATCH_CASES):
        indices = range(start, min(start + BATCH_CASES, len(dataset)))
        batch = as_float(collate([dataset[index] for index in indices]).packed.to(device))
        batch = replace(batch, groups=tuple(replace(group, voxels=change(group.voxels)) for group in batch.groups))
        if modality_id is not None:
            batch = replace(batch, modality_ids_BS=batch.modality_ids_BS.masked_fill(batch.mask_BS, modality_id))
        with autocast or nullcontext():
            embeddings_BSC = network.encode(batch).float()
            logits_BK = network.diagnose(embeddings_BSC, batch.modality_ids_BS, batch.mask_BS).float()
            if mirrored:
                logits_BK = (logits_BK + network(_mirrored(batch)).float()) / 2
        logits.append(logits_BK.cpu().numpy())
        rows = zip(embeddings_BSC.cpu().numpy(), batch.mask_BS.cpu().numpy(), strict=True)
        embeddings += [embeddings_SC[mask_S] for embeddings_SC, mask_S in rows]
        if progress is not None:
            progress(indices.stop, len(dataset))
    network.train(training)
    return Predictions(np.concatenate(logits), tuple(embeddings))


def _mirrored(batch: PackedBatch) -> PackedBatch:
    return replace(batch, groups=tuple(replace(group, voxels=group.voxels.flip(-1)) for group in batch.groups))
