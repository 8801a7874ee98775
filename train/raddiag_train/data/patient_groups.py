"""Cases that must stay in one split: those of one patient and, where patients are not named, near-duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from raddiag_train.data.near_duplicates import NearDuplicateConfig, connected_groups, near_duplicate_pairs
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.thumbnails import thumbnails

SPLITTING = NearDuplicateConfig()


def inseparable_groups(
    records: Sequence[CaseRecord],
    config: NearDuplicateConfig = SPLITTING,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.int64]:
    """(N,) group of each case: cases of one group may not lie in two splits.

    Cases of one patient, which are those of one source and id, share a group. So do two cases with near-duplicate
    scans, unless both patients are known and different: pictures of two people may look alike.

    Raises:
        ReadError: A scan of a case without patient id cannot be read.
    """
    links = [*_patient_links(records), *_picture_links(records, config, progress)]
    return connected_groups(len(records), np.array(links, dtype=np.int64).reshape(-1, 2))


def _patient_links(records: Sequence[CaseRecord]) -> list[tuple[int, int]]:
    # Equal numbers of two data sets are two patients.
    cases_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        if record.patient_id:
            cases_of[record.source, record.patient_id].append(index)
    return [(cases[0], other) for cases in cases_of.values() for other in cases[1:]]


def _picture_links(
    records: Sequence[CaseRecord], config: NearDuplicateConfig, progress: Callable[[int, int], None] | None
) -> list[tuple[int, int]]:
    if all(record.patient_id for record in records):
        return []
    files = [(index, scan.path) for index, record in enumerate(records) for scan in record.scans if scan.path.is_file()]
    owners = np.array([index for index, _ in files], dtype=np.int64)
    pairs = owners[near_duplicate_pairs(thumbnails([path for _, path in files], progress), config)]
    known = np.array([bool(record.patient_id) for record in records])
    pairs = pairs[~known[pairs].all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    return [(int(first), int(second)) for first, second in pairs]
