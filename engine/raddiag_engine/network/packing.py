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
class GroupRows:
    """The part of a group that a process computes.

    Attributes:
        rows_N: int64, position of each scan in the whole group; on the CPU, as is the other.
        slots_A: int64, flat index of each scan of the whole group in the (case, scan) grid.
    """

    rows_N: Tensor
    slots_A: Tensor


@dataclass(frozen=True, eq=False)
class ScanGroup:
    """Scans of one kind and size, in one tensor.

    Attributes:
        kind: "images", "volumes", or "stacks" of slices for the slice-attention encoder.
        voxels: images (N, 1, H, W); volumes (N, 1, D, H, W); stacks (M, 1, H, W), the M distinct slices of all scans.
        slots_N: int64, flat index of each scan in the (case, scan) grid.
        slice_index_NL: int64, stacks only: the row of `voxels` of each slice of each scan, -1 beyond its last slice.
        rows: Which scans of the whole group these are; None if they are all.
    """

    kind: GroupKind
    voxels: Tensor
    slots_N: Tensor
    slice_index_NL: Tensor | None = None
    rows: GroupRows | None = None

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


@dataclass(frozen=True)
class Share:
    """One of several equal shares of the scans of every group, as one of several processes takes it.

    Attributes:
        number: Of this share, from 0.
        shares: How many there are.
    """

    number: int = 0
    shares: int = 1


def pack(cases: Sequence[Sequence[NetworkScan]], config: NetworkConfig, share: Share | None = None) -> PackedBatch:
    """Pack whole cases.

    Args:
        cases: The scans of each case, any number of either kind.
        config: Says how the encoder takes a scan.
        share: Pack only these scans, and read no other; the grid of cases and scans, and the groups, are those of all.

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
    return PackedBatch(tuple(pack_scans(scans, slots, config, share)), modality_ids_BS, mask_BS)


def pack_scans(
    scans: Sequence[NetworkScan], slots: Sequence[int], config: NetworkConfig, share: Share | None = None
) -> Iterator[ScanGroup]:
    """Group scans by kind and size.

    Args:
        scans: Any scans.
        slots: Their flat indices in the (case, scan) grid.
        config: Says how the encoder takes a scan.
        share: The scans of each group that are packed; a group of which it has none is there, with no scan in it.

    Raises:
        ModelError: A scan of a shape that the encoder does not take.
    """
    members: dict[tuple[GroupKind, tuple[int, ...]], list[int]] = {}
    for index, scan in enumerate(scans):
        members.setdefault(group_key(scan, config), []).append(index)
    before = 0  # scans of the groups so far: the share with one scan more is another one from group to group
    for (kind, shape), indices in members.items():
        rows_N = own_rows(len(indices), before, share or Share())
        before += len(indices)
        slots_A = torch.tensor([slots[index] for index in indices])
        voxels = [scans[indices[row]].voxels for row in rows_N.tolist()]
        like = scans[indices[0]].voxels
        group_rows = None if share is None else GroupRows(rows_N, slots_A)
        if kind == "stacks":
            yield replace(_pack_stacks(voxels, slots_A[rows_N], like), rows=group_rows)
        else:
            stacked = torch.stack(voxels) if voxels else like.new_empty(0, *shape)
            yield ScanGroup(kind, stacked.unsqueeze(1), slots_A[rows_N], rows=group_rows)


def own_rows(scans: int, before: int, share: Share) -> Tensor:
    """The rows, int64, that a share has of a group of scans, of which there were `before` in earlier groups."""
    return torch.arange(scans)[(share.number - before) % share.shares :: share.shares]


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


def _pack_stacks(stacks: list[Tensor], slots_N: Tensor, like: Tensor) -> ScanGroup:
    parts = [distinct_slices(stack) for stack in stacks]
    slice_index_NL = torch.full((len(parts), max((len(index) for _, index in parts), default=1)), -1)
    first = 0
    for row, (distinct_MHW, index) in enumerate(parts):
        slice_index_NL[row, : len(index)] = torch.tensor(index) + first
        first += len(distinct_MHW)
    slices = [distinct_MHW for distinct_MHW, _ in parts] or [like.new_empty(0, *like.shape[-2:])]
    return ScanGroup("stacks", torch.cat(slices).unsqueeze(1), slots_N, slice_index_NL)
