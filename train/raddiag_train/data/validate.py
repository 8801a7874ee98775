"""Checks of a cases.jsonl before hours are spent on it; every fault is listed, with its line and file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.formats import detect_format
from raddiag_train.data.prepared import read_scan
from raddiag_train.data.records import CaseRecord, ScanRecord


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a case.

    Attributes:
        case_number: Position of the case in the file, from 1.
        case_id: Of the case.
        problem: What is wrong.
        path: The scan's file, if it is about one.
    """

    case_number: int
    case_id: str
    problem: str
    path: Path | None = None


def faults_of(
    records: Sequence[CaseRecord],
    *,
    vocabulary: Collection[str] | None = None,
    deep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Fault]:
    """Everything wrong with the cases, in their order.

    Args:
        records: All cases of a data set.
        vocabulary: Names that disorders must have; None for those with a training case, where there are splits.
        deep: Decode every scan, instead of looking at the first bytes of its file.
        progress: Called with cases done and cases to do.
    """
    known = _training_disorders(records) if vocabulary is None else set(vocabulary)
    first_with_id: dict[str, int] = {}
    first_split: dict[str, tuple[str, int]] = {}
    faults: list[Fault] = []
    for number, record in enumerate(records, 1):
        problems = [
            *_unknown_disorders(record, known),
            *_repeated_id(record, number, first_with_id),
            *_divided_patient(record, number, first_split),
        ]
        faults.extend(Fault(number, record.case_id, problem) for problem in problems)
        for scan in record.scans:
            faults.extend(Fault(number, record.case_id, *fault) for fault in _scan_faults(record, scan, deep))
        if progress is not None:
            progress(number, len(records))
    return faults


def _training_disorders(records: Sequence[CaseRecord]) -> set[str]:
    training = {name for record in records if record.split == "train" for name in record.disorders}
    return training or {name for record in records for name in record.disorders}


def _unknown_disorders(record: CaseRecord, known: set[str]) -> list[str]:
    return [
        f"disorder {name!r} is not in the label space, or has no training case"
        for name in record.disorders
        if name not in known
    ]


def _repeated_id(record: CaseRecord, number: int, first_with_id: dict[str, int]) -> list[str]:
    first = first_with_id.setdefault(record.case_id, number)
    return [] if first == number else [f"has the case_id of case {first}"]


def _divided_patient(record: CaseRecord, number: int, first_split: dict[str, tuple[str, int]]) -> list[str]:
    if not record.patient_id or not record.split:
        return []
    split, first = first_split.setdefault(record.patient_id, (record.split, number))
    if split == record.split:
        return []
    return [f"lies in {record.split!r}, but case {first} of the same patient in {split!r}; use `raddiag data split`"]


def _scan_faults(record: CaseRecord, scan: ScanRecord, deep: bool) -> list[tuple[str, Path]]:
    faults = [
        (f"the lesion mask of {disorder!r} is missing", mask)
        for disorder, mask in scan.masks.items()
        if not mask.is_file()
    ]
    faults += [
        (f"there is a lesion mask of {disorder!r}, which the case does not list", mask)
        for disorder, mask in scan.masks.items()
        if disorder not in record.disorders
    ]
    try:
        if deep:
            _check_key_slice(read_scan(record, scan).voxels.shape, scan)
        elif not scan.path.is_dir():
            detect_format(scan.path)
    except ReadError as error:
        faults.append((error.reason, scan.path))
    return faults


def _check_key_slice(shape: tuple[int, ...], scan: ScanRecord) -> None:
    slices = shape[0] if len(shape) == 3 else 1
    if scan.key_slice is not None and not 0 <= scan.key_slice < slices:
        raise ReadError(scan.path, f"key_slice {scan.key_slice} is not among its {slices} slices")
