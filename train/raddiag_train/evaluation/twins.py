"""Which evaluation cases have a near-exact twin among the training cases, and so say little of what was learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from raddiag_train.data.near_duplicates import TWIN_CORRELATION, NearDuplicateConfig, near_duplicate_pairs
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.thumbnails import thumbnails


def have_twins(
    records: Sequence[CaseRecord],
    training: Sequence[CaseRecord],
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.bool_]:
    """(N,) True where a scan of the case correlates over 0.999, at 32 x 32 px, with a scan of a training case.

    Raises:
        ReadError: A file cannot be read.
    """
    owners = np.array([row for row, record in enumerate(records) for _ in record.scans])
    paths = [scan.path for record in (*records, *training) for scan in record.scans]
    exact = NearDuplicateConfig(correlation=TWIN_CORRELATION, hash_correlation=TWIN_CORRELATION)
    pairs = near_duplicate_pairs(thumbnails(paths, progress), exact)
    across = pairs[(pairs[:, 0] < len(owners)) & (pairs[:, 1] >= len(owners))]
    twins_N = np.zeros(len(records), dtype=bool)
    twins_N[owners[across[:, 0]]] = True
    return twins_N
