"""Lesion maps of a batch, beside the scans they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.network.packing import ScanGroup
from raddiag_train.data.prepared import StoredCase


@dataclass(frozen=True, eq=False)
class GroupLesions:
    """The lesions of those scans of a group that have a lesion map.

    Attributes:
        rows_R: int64, row of each such scan in the group.
        maps_RDHW: uint8, 1 + the position of the mask that covers a voxel, 0 where none does; D is 1 for images.
        classes_RM: int64, class of each mask; -1 beyond a scan's last one.
    """

    rows_R: Tensor
    maps_RDHW: Tensor
    classes_RM: Tensor

    def to(self, device: torch.device | str) -> GroupLesions:
        """The same lesions on another device."""
        parts = (part.to(device, non_blocking=True) for part in (self.rows_R, self.maps_RDHW, self.classes_RM))
        return GroupLesions(*parts)


@dataclass(frozen=True, eq=False)
class MaskedScans:
    """Which scans of a batch have a mask of which disorder; on the CPU.

    Attributes:
        slots_M: int64, flat index in the (case, scan) grid, a mask each.
        classes_M: int64, the disorder of the mask.
    """

    slots_M: Tensor
    classes_M: Tensor


def masked_scans(cases: Sequence[StoredCase], most_scans: int) -> MaskedScans:
    """The masks of a batch, known without reading one.

    Args:
        cases: All cases of the batch.
        most_scans: Columns of the (case, scan) grid.
    """
    masks = [
        (row * most_scans + column, number)
        for row, case in enumerate(cases)
        for column, classes in enumerate(case.lesion_classes)
        if case.scans[column].lesions is not None
        for number in classes
        if number >= 0
    ]
    slots_M, classes_M = torch.tensor(masks, dtype=torch.long).view(-1, 2).unbind(1)
    return MaskedScans(slots_M, classes_M)


def shown_disorders(masked: MaskedScans, mask_BS: Tensor, classes: int) -> Tensor:
    """(B, K), True for the disorders of which a scan in use has a mask.

    Args:
        masked: Of the batch.
        mask_BS: True for the scans in use, on the CPU.
        classes: Number of classes K.
    """
    shown_BK = torch.zeros(len(mask_BS), classes, dtype=torch.bool)
    used_M = mask_BS.flatten()[masked.slots_M]
    shown_BK[masked.slots_M[used_M] // mask_BS.shape[1], masked.classes_M[used_M]] = True
    return shown_BK


def group_lesions(group: ScanGroup, cases: Sequence[StoredCase], most_scans: int) -> GroupLesions | None:
    """The lesion maps of a group; None if no scan of it has one, or the network takes it apart into slices.

    Args:
        group: Of the packed cases.
        cases: All cases of the batch.
        most_scans: Columns of the (case, scan) grid that the group's slots count in.
    """
    if group.kind == "stacks":
        return None
    rows, maps, classes = [], [], []
    for row, slot in enumerate(group.slots_N.tolist()):
        case, column = cases[slot // most_scans], slot % most_scans
        lesions = case.scans[column].lesions
        if lesions is not None:
            rows.append(row)
            maps.append(torch.from_numpy(np.array(lesions if lesions.ndim == 3 else lesions[None])))
            classes.append(case.lesion_classes[column])
    if not rows:
        return None
    classes_RM = torch.full((len(rows), max(map(len, classes))), -1)
    for row_classes, of_scan in zip(classes_RM, classes, strict=True):
        row_classes[: len(of_scan)] = torch.tensor(of_scan)
    return GroupLesions(torch.tensor(rows), torch.stack(maps), classes_RM)
