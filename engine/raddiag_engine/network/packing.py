"""The scans of several cases, packed by dimensionality: no scan and no slice is ever padded.

Images of one size go into one tensor, volumes of one size into another; each knows the slots of its scans in
the (case, scan) grid in which the fusion module sees them. For the released encoder a scan is a stack of
slices; equal slices, such as the three planes of a grey image, are kept and computed once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from raddiag_engine.errors import CaseError, ModelError
from raddiag_engine.network.config import NetworkConfig

GroupKind = Literal["images", "volumes", "stacks"]


@dataclass(frozen=True, eq=False)
class NetworkScan:
    """One prepared scan as the network takes it.

    Attributes:
        voxels: In [0, 1]: (H, W) image; (D, H, W) volume, or image of several equal slices for the released model.
        is_volume: True for a 3D scan.
        modality_id: Row of the table of modality embeddings.
    """

    voxels: Tensor
    is_volume: bool
    modality_id: int


@dataclass(frozen=True, eq=False)
class ScanGroup:
    """Scans of one kind and size, in one tensor.

    Attributes:
        kind: "images", "volumes", or "stacks" of slices for the slice-attention encoder.
        voxels: images (N, 1, H, W); volumes (N, 1, D, H, W); stacks (M, 1, H, W), the M distinct slices of all scans.
        slots_N: int64, flat index of each scan in the (case, scan) grid.
        slice_index_NL: int64, stacks only: the row of `voxels` of each slice of each scan, -1 beyond its last slice.
    """

    kind: GroupKind
    voxels: Tensor
    slots_N: Tensor
    slice_index_NL: Tensor | None = None

    def to(self, device: torch.device | str, non_blocking: bool = False) -> ScanGroup:
        """The same group on another device."""
        index = self.slice_index_NL
        return replace(
            self,
            voxels=self.voxels.to(device, non_blocking=non_blocking),
            slots_N=self.slots_N.to(device, non_blocking=non_blocking),
            slice_index_NL=None if index is None else index.to(device, non_blocking=non_blocking),
        )


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """The scans of B cases; S is the largest number of scans of a case.

    Attributes:
        groups: The scans, by kind and size.
        modality_ids_BS: int64; 0 where there is no scan.
        mask_BS: True where there is a scan.
    """

    groups: tuple[ScanGroup, ...]
    modality_ids_BS: Tensor
    mask_BS: Tensor

    def to(self, device: torch.device | str, non_blocking: bool = False) -> PackedBatch:
        """The same batch on another device."""
        return PackedBatch(
            tuple(group.to(device, non_blocking) for group in self.groups),
            self.modality_ids_BS.to(device, non_blocking=non_blocking),
            self.mask_BS.to(device, non_blocking=non_blocking),
        )


def pack(cases: Sequence[Sequence[NetworkScan]], config: NetworkConfig) -> PackedBatch:
    """Pack whole cases.

    Args:
        cases: The scans of each case, any number of either kind.
        config: Says how the encoder takes a scan.

    Raises:
        CaseError: A case without scans.
        ModelError: A scan of a shape, or with a modality id, that the network does not take.
    """
    if not cases or not all(cases):
        raise CaseError("a case without a usable scan cannot be diagnosed; add a scan")
    most_scans = max(len(case) for case in cases)
    modality_ids_BS = torch.zeros(len(cases), most_scans, dtype=torch.long)
    mask_BS = torch.zeros(len(cases), most_scans, dtype=torch.bool)
    scans, slots = [], []
    for row, case in enumerate(cases):
        for column, scan in enumerate(case):
            if not 0 <= scan.modality_id < config.fusion.modalities:
                raise ModelError(f"modality id {scan.modality_id} is not in the model's {config.fusion.modalities}")
            modality_ids_BS[row, column] = scan.modality_id
            mask_BS[row, column] = True
            scans.append(scan)
            slots.append(row * most_scans + column)
    return PackedBatch(tuple(pack_scans(scans, slots, config)), modality_ids_BS, mask_BS)


def pack_scans(scans: Sequence[NetworkScan], slots: Sequence[int], config: NetworkConfig) -> Iterator[ScanGroup]:
    """Group scans by kind and size.

    Args:
        scans: Any scans.
        slots: Their flat indices in the (case, scan) grid.
        config: Says how the encoder takes a scan.

    Raises:
        ModelError: A scan of a shape that the encoder does not take.
    """
    members: dict[tuple[GroupKind, tuple[int, ...]], list[int]] = {}
    for index, scan in enumerate(scans):
        members.setdefault(group_key(scan, config), []).append(index)
    for (kind, _), indices in members.items():
        slots_N = torch.tensor([slots[index] for index in indices])
        voxels = [scans[index].voxels for index in indices]
        if kind == "stacks":
            yield _pack_stacks(voxels, slots_N)
        else:
            yield ScanGroup(kind, torch.stack(voxels).unsqueeze(1), slots_N)


def group_key(scan: NetworkScan, config: NetworkConfig) -> tuple[GroupKind, tuple[int, ...]]:
    """Kind and size that scans of one group share.

    Raises:
        ModelError: The encoder does not take a scan of this shape.
    """
    shape = tuple(scan.voxels.shape)
    if config.encoder == "slice_attention":
        slices = shape[0] if len(shape) == 3 else 1
        if len(shape) not in (2, 3) or not 0 < slices <= config.slice_attention.max_slices:
            raise ModelError(f"a stack of 1 to {config.slice_attention.max_slices} slices is needed, not shape {shape}")
        return "stacks", shape[-2:]
    if len(shape) != (3 if scan.is_volume else 2):
        expected = "(slice, row, column)" if scan.is_volume else "(row, column)"
        raise ModelError(f"the {config.encoder} encoder takes {expected}, not shape {shape}")
    return ("volumes" if scan.is_volume else "images"), shape


def distinct_slices(voxels: Tensor) -> tuple[Tensor, list[int]]:
    """The slices of a stack that differ from the one before, and for each slice which of them it is.

    Args:
        voxels: (L, H, W), or (H, W) for one slice.

    Returns:
        (M, H, W) with M <= L, and L indices into it.
    """
    stack_LHW = voxels if voxels.ndim == 3 else voxels.unsqueeze(0)
    changes = [not torch.equal(after, before) for before, after in itertools.pairwise(stack_LHW)]
    index = [0]
    for change in changes:
        index.append(index[-1] + change)
    if all(changes):
        return stack_LHW, index
    return stack_LHW[torch.tensor([True, *changes], device=stack_LHW.device)], index


def _pack_stacks(stacks: list[Tensor], slots_N: Tensor) -> ScanGroup:
    parts = [distinct_slices(stack) for stack in stacks]
    slice_index_NL = torch.full((len(parts), max(len(index) for _, index in parts)), -1)
    first = 0
    for row, (distinct_MHW, index) in enumerate(parts):
        slice_index_NL[row, : len(index)] = torch.tensor(index) + first
        first += len(distinct_MHW)
    voxels = torch.cat([distinct_MHW for distinct_MHW, _ in parts]).unsqueeze(1)
    return ScanGroup("stacks", voxels, slots_N, slice_index_NL)
