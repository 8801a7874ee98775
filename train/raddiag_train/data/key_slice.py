"""Where the slice that shows a finding best lies in a prepared volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.network.packing import ScanGroup
from raddiag_engine.preparation import PreparationConfig, PreparedScan
from raddiag_engine.preparation.depth import depth_sampling

if TYPE_CHECKING:
    from raddiag_train.data.prepared import StoredCase


def signed_depth(prepared: PreparedScan) -> int:
    """Acquired slices of a volume, negative if they are prepared in the other order than stored; 0 for an image."""
    if not prepared.is_volume:
        return 0
    acquired = prepared.plan.depth.acquired
    return -acquired if prepared.plan.orientation.flipped[0] else acquired


def prepared_position(key_slice: int | None, depth: int, preparation: PreparationConfig) -> int:
    """The prepared slice nearest to a stored one; -1 if it or the scan's depth is not known.

    Args:
        key_slice: Zero-based, in the order of the file.
        depth: Of `signed_depth`.
        preparation: By which the volume was prepared.
    """
    if key_slice is None or not 0 <= key_slice < abs(depth):
        return -1
    shown = abs(depth) - 1 - key_slice if depth < 0 else key_slice
    return int(np.abs(depth_sampling(abs(depth), preparation).positions - shown).argmin())


def group_key_slices(group: ScanGroup, cases: Sequence[StoredCase], most_scans: int) -> Tensor:
    """int64 (N,), the key slice of each scan of a group; -1 where it is not known.

    Args:
        group: Of the packed cases.
        cases: All cases of the batch.
        most_scans: Columns of the (case, scan) grid that the group's slots count in.
    """
    keys = [cases[slot // most_scans].key_slices[slot % most_scans] for slot in group.slots_N.tolist()]
    return torch.tensor(keys, dtype=torch.int64)
