"""From stored cases to batches for the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.packing import NetworkScan, PackedBatch, ScanGroup, Share, pack
from raddiag_train.data.key_slice import group_key_slices
from raddiag_train.data.lesion_batches import GroupLesions, MaskedScans, group_lesions, masked_scans
from raddiag_train.data.prepared import StoredCase
from raddiag_train.data.prepared_shards import StoredScan


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """B cases with their targets.

    Attributes:
        packed: The scans; voxels stay uint8 until `augment` or `as_float`, a quarter of what has to be moved.
        labels_BK: float32 targets.
        indices_B: int64, position of each case in the data set.
        lesions: Of each group of `packed`; None for a group without a lesion map.
        masked: Which scans of the batch show which lesions, this process's or another's.
        key_slices: Of each group, int64 (N,), the key slice among each scan's slices; -1 if not known.
    """

    packed: PackedBatch
    labels_BK: Tensor
    indices_B: Tensor
    lesions: tuple[GroupLesions | None, ...]
    masked: MaskedScans
    key_slices: tuple[Tensor, ...]

    def pin_memory(self) -> TrainingBatch:
        """The same batch in page-locked memory; called by a DataLoader."""
        groups = tuple(_pinned(group) for group in self.packed.groups)
        packed = PackedBatch(groups, self.packed.modality_ids_BS.pin_memory(), self.packed.mask_BS.pin_memory())
        return replace(
            self, packed=packed, labels_BK=self.labels_BK.pin_memory(), indices_B=self.indices_B.pin_memory()
        )


@dataclass(frozen=True)
class Collate:
    """Packs stored cases; a `collate_fn` that a DataLoader's worker can be given.

    Attributes:
        network: Says how the encoder takes a scan.
        share: The scans that this process computes; no other is read from disk. None for all.
    """

    network: NetworkConfig
    share: Share | None = None

    def __call__(self, cases: Sequence[StoredCase]) -> TrainingBatch:
        packed = pack([[_network_scan(scan) for scan in case.scans] for case in cases], self.network, self.share)
        labels_BK = torch.from_numpy(np.stack([case.labels_K for case in cases]))
        lesions = tuple(group_lesions(group, cases, packed.mask_BS.shape[1]) for group in packed.groups)
        masked = masked_scans(cases, packed.mask_BS.shape[1])
        key_slices = tuple(group_key_slices(group, cases, packed.mask_BS.shape[1]) for group in packed.groups)
        indices_B = torch.tensor([case.index for case in cases])
        return TrainingBatch(packed, labels_BK, indices_B, lesions, masked, key_slices)


def drop_modalities(
    modality_ids_BS: Tensor, mask_BS: Tensor, probability: float, unknown_id: int, generator: torch.Generator
) -> Tensor:
    """Modality ids with those of whole cases set to unknown at random: a PNG does not say what it is.

    Args:
        modality_ids_BS: int64, on the CPU.
        mask_BS: True where there is a scan.
        probability: Of a case to lose the ids of all its scans.
        unknown_id: The id of the modality "unknown".
        generator: On the CPU.
    """
    dropped_B1 = torch.rand(len(modality_ids_BS), 1, generator=generator) < probability
    return torch.where(dropped_B1 & mask_BS, unknown_id, modality_ids_BS)


def _network_scan(scan: StoredScan) -> NetworkScan:
    # A view of the memory map, not read before it is packed.
    return NetworkScan(torch.from_numpy(scan.voxels), scan.is_volume, scan.modality_id)


def _pinned(group: ScanGroup) -> ScanGroup:
    index = group.slice_index_NL
    return replace(
        group,
        voxels=group.voxels.pin_memory(),
        slots_N=group.slots_N.pin_memory(),
        slice_index_NL=None if index is None else index.pin_memory(),
    )
