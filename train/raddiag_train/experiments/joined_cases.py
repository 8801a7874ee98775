"""Phantom cases put together into cases of many scans: several bodies of different anatomies as one patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from raddiag_engine.cases import Anatomy
from raddiag_engine.errors import ConfigError
from raddiag_train.data.labels import codes_by_disorder
from raddiag_train.data.records import NORMAL, SPLITS, CaseRecord


def joined(records: Sequence[CaseRecord], bodies: int, seed: int = 0) -> list[CaseRecord]:
    """Cases of `bodies` anatomies each; a case goes into one of them, and those that find no partners are left out.

    The labels are joined; "Normal" stands only where all are.

    Args:
        records: Cases with splits, which the joined ones keep.
        bodies: Of a case; 1 leaves the cases as they are.
        seed: Of who comes together.

    Raises:
        ConfigError: `bodies` is less than 1, or more than there are anatomies.
    """
    if bodies == 1:
        return list(records)
    anatomies = len({record.anatomy for record in records})
    if not 1 < bodies <= anatomies:
        raise ConfigError(f"cases of {bodies} anatomies cannot be joined: there are cases of {anatomies}")
    generator = np.random.default_rng(seed)
    together = []
    for split in SPLITS:
        waiting: dict[Anatomy, list[CaseRecord]] = defaultdict(list)
        own = [record for record in records if record.split == split]
        for place in generator.permutation(len(own)):
            waiting[own[int(place)].anatomy].append(own[int(place)])
        while len(fullest := sorted(waiting, key=lambda anatomy: -len(waiting[anatomy]))[:bodies]) == bodies:
            if not all(waiting[anatomy] for anatomy in fullest):
                break
            together.append(_one_case([waiting[anatomy].pop() for anatomy in fullest]))
    return together


def _one_case(parts: Sequence[CaseRecord]) -> CaseRecord:
    paired = [
        (name, codes[0] if codes else "")
        for part in parts
        for name, codes in zip(part.disorders, codes_by_disorder(part), strict=True)
        if name != NORMAL
    ] or [(NORMAL, "")]
    scans = tuple(replace(scan, anatomy=part.anatomy_of(scan)) for part in parts for scan in part.scans)
    return replace(
        parts[0],
        case_id="+".join(part.case_id for part in parts),
        patient_id="+".join(part.patient_id for part in parts),
        anatomy=Anatomy.MIXED,
        scans=scans,
        disorders=tuple(name for name, _ in paired),
        icd10cm=tuple(code for _, code in paired),
    )
