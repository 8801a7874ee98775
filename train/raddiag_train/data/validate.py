"""Checks of a cases.jsonl before hours are spent on it; every fault is listed, with its line and file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.formats import detect_format
from raddiag_train.data.records import BadLine, CaseRecord, ScanRecord, read_lines
from raddiag_train.data.scan_reading import read_scan


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a case.

    Attributes:
        line: Of cases.jsonl, from 1.
        case_id: Of the case; empty where the line is no case.
        problem: What is wrong.
        path: The scan's file, if it is about one.
    """

    line: int
    case_id: str
    problem: str
    path: Path | None = None


@dataclass(frozen=True)
class Validation:
    """What was found in a cases.jsonl.

    Attributes:
        cases: Lines that are cases.
        faults: In the order of the lines.
    """

    cases: int
    faults: tuple[Fault, ...]


def validate_file(
    path: Path,
    *,
    vocabulary: Collection[str] | None = None,
    deep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Validation:
    """Everything wrong with a cases.jsonl: lines that are no case, and whatever `faults_of` finds in the others.

    Raises:
        ConfigError: The file is missing or not UTF-8.
    """
    bad: list[Fault] = []
    records: list[CaseRecord] = []
    lines: list[int] = []
    for number, line in read_lines(path):
        if isinstance(line, BadLine):
            bad.append(Fault(number, "", line.problem))
        else:
            records.append(line)
            lines.append(number)
    if not records and not bad:
        bad.append(Fault(1, "", "holds no cases"))
    found = faults_of(records, lines=lines, vocabulary=vocabulary, deep=deep, progress=progress)
    return Validation(len(records), tuple(sorted([*bad, *found], key=lambda fault: fault.line)))


def faults_of(
    records: Sequence[CaseRecord],
    *,
    lines: Sequence[int] | None = None,
    vocabulary: Collection[str] | None = None,
    deep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Fault]:
    """Everything wrong with the cases, in their order.

    Args:
        records: All cases of a data set.
        lines: Line of each in its file; counted from 1 by default.
        vocabulary: Names that disorders must have; None for those with a training case, where there are splits.
        deep: Decode every scan, instead of looking at the first bytes of its file.
        progress: Called with cases done and cases to do.
    """
    known = _training_disorders(records) if vocabulary is None else set(vocabulary)
    first_with_id: dict[str, int] = {}
    first_split: dict[tuple[str, str], tuple[str, int]] = {}
    first_with_file: dict[Path, tuple[str, int]] = {}
    faults: list[Fault] = []
    for done, (line, record) in enumerate(zip(lines or range(1, len(records) + 1), records, strict=True), 1):
        problems = [
            *_unknown_disorders(record, known),
            *_repeated_id(record, line, first_with_id),
            *_divided_patient(record, line, first_split),
        ]
        faults.extend(Fault(line, record.case_id, problem) for problem in problems)
        for scan in record.scans:
            found = [*_scan_faults(record, scan, deep), *_divided_file(record, scan, line, first_with_file)]
            faults.extend(Fault(line, record.case_id, *fault) for fault in found)
        if progress is not None:
            progress(done, len(records))
    return faults


def _training_disorders(records: Sequence[CaseRecord]) -> set[str]:
    training = {name for record in records if record.split == "train" for name in record.disorders}
    return training or {name for record in records for name in record.disorders}


def _unknown_disorders(record: CaseRecord, known: set[str]) -> list[str]:
    problems = []
    for name in record.disorders:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"disorder {name!r} is not in the label space, or has no training case{hint}")
    return problems


def _repeated_id(record: CaseRecord, line: int, first_with_id: dict[str, int]) -> list[str]:
    first = first_with_id.setdefault(record.case_id, line)
    return [] if first == line else [f"has the case_id of line {first}"]


def _divided_patient(record: CaseRecord, line: int, first_split: dict[tuple[str, str], tuple[str, int]]) -> list[str]:
    if not record.patient_id or not record.split:
        return []
    split, first = first_split.setdefault((record.source, record.patient_id), (record.split, line))
    if split == record.split:
        return []
    return [f"lies in {record.split!r}, but line {first}, of the same patient, in {split!r}; use `raddiag data split`"]


def _divided_file(
    record: CaseRecord, scan: ScanRecord, line: int, first_with_file: dict[Path, tuple[str, int]]
) -> list[tuple[str, Path]]:
    split, first = first_with_file.setdefault(scan.path, (record.split, line))
    if split == record.split:
        return []
    return [(f"lies in {record.split or 'no split'!r}, and by line {first} in {split or 'no split'!r}", scan.path)]


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
