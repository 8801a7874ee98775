"""A published data set in its published layout becomes cases, as its descriptor says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError, ReadError
from raddiag_engine.reading.formats import detect_format
from raddiag_train.data.dataset_descriptor import DatasetDescriptor, Words
from raddiag_train.data.dataset_labels import labels_of, together
from raddiag_train.data.dataset_rows import FileTree, Row, rows_of
from raddiag_train.data.folders import ID_DIGITS, FolderLabel
from raddiag_train.data.records import NORMAL, CaseRecord, ScanRecord
from raddiag_train.data.scan_conversion import convert_scan

Word = TypeVar("Word", Modality, Anatomy, Plane)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DatasetImport:
    """What became of a data set.

    Attributes:
        cases: In the order of their first rows.
        faults: One line a fault, with the row and the file at fault; such a row became no part of a case.
        unlabelled: Cases left out because the set says nothing of them, where its descriptor allows that.
    """

    cases: tuple[CaseRecord, ...]
    faults: tuple[str, ...]
    unlabelled: int


@dataclass
class _Draft:
    """A case while its rows are met."""

    place: str
    patient: str
    split: str
    anatomy: Anatomy
    scans: dict[Path, ScanRecord] = field(default_factory=dict)
    labels: list[FolderLabel] = field(default_factory=list)


def import_dataset(
    descriptor: DatasetDescriptor, root: Path, converted: Path, progress: Progress | None = None
) -> DatasetImport:
    """The cases of a data set that lies unpacked in `root`.

    Args:
        descriptor: Of the set.
        root: Its folder, with the tables and images where their publishers put them.
        converted: Folder for scans that are stored in a format the engine does not read; those already there are kept.
        progress: Called with rows done and rows to do.

    Raises:
        ConfigError: The folder or a table is missing, a template names a column that is not there, or there is no case.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder; it should hold {descriptor.title} as published")
    tree = FileTree(root.resolve())
    rows = list(rows_of(descriptor, tree))
    splits = _listed_splits(descriptor, tree)
    drafts: dict[str, _Draft] = {}
    faults: list[str] = []
    for done, row in enumerate(rows, 1):
        try:
            _take(row, descriptor, tree, splits, converted, drafts)
        except (ConfigError, ReadError) as error:
            faults.append(str(error))
        if progress is not None:
            progress(done, len(rows))
    faults += _divided_patients(drafts)
    labelled = {key: draft for key, draft in drafts.items() if draft.labels}
    if descriptor.labels.none == "normal":
        labelled = {key: _or_normal(draft) for key, draft in drafts.items()}
    elif descriptor.labels.none == "refuse":
        faults += [f"{draft.place}: the case has no label" for draft in drafts.values() if not draft.labels]
    if not labelled and not faults:
        raise ConfigError(f"{root}: holds no case of {descriptor.title}; is this its folder as published?")
    cases = tuple(_case(descriptor, key, draft) for key, draft in labelled.items())
    return DatasetImport(cases, tuple(faults), len(drafts) - len(labelled))


def _take(
    row: Row,
    descriptor: DatasetDescriptor,
    tree: FileTree,
    splits: dict[str, str] | None,
    converted: Path,
    drafts: dict[str, _Draft],
) -> None:
    """Lay one row into its case; raises ConfigError or ReadError, and leaves the case as it was, if it cannot."""
    labels = labels_of(row, descriptor.labels)
    split = _split(row, descriptor, splits)
    wanted = row.fill(descriptor.scan or "{path}")
    case = row.fill(descriptor.case) if descriptor.case else wanted
    patient = row.fill(descriptor.patient) if descriptor.patient else ""
    anatomy = _word(row, descriptor.anatomy_of, Anatomy, descriptor.anatomy)
    if (draft := drafts.get(case)) is not None and draft.patient != patient:
        raise ConfigError(f"{row.place}: is of another patient than {draft.place}, but of one case")
    scans = {path: _scan(row, path, descriptor, converted) for path in _paths(row, wanted, tree)}
    draft = drafts.setdefault(case, _Draft(row.place, patient, split, anatomy))
    if draft.split != split:
        raise ConfigError(f"{row.place}: its case lies in {split!r}, and by {draft.place} in {draft.split!r}")
    draft.scans |= {path: scan for path, scan in scans.items() if path not in draft.scans}
    draft.labels += labels


def _paths(row: Row, wanted: str, tree: FileTree) -> Iterator[Path]:
    found = tree.find(wanted)
    if not found:
        raise ConfigError(f"{row.place}: no such file {tree.root / wanted}")
    yield from found


def _scan(row: Row, path: Path, descriptor: DatasetDescriptor, converted: Path) -> ScanRecord:
    if descriptor.stored_as:
        path = convert_scan(path, descriptor.stored_as, converted / descriptor.name)
    elif path.is_file():
        detect_format(path)
    return ScanRecord(
        path,
        _word(row, descriptor.modality_of, Modality, descriptor.modality),
        _word(row, descriptor.plane_of, Plane, descriptor.plane),
    )


def _word(row: Row, words: Words | None, vocabulary: type[Word], constant: Word) -> Word:
    if words is None:
        return constant
    return vocabulary(words.names.get(row.fill(words.value), "unknown"))


def _listed_splits(descriptor: DatasetDescriptor, tree: FileTree) -> dict[str, str] | None:
    """Key -> split of the sets that list it; None for others."""
    if not descriptor.split.lists:
        return None
    splits: dict[str, str] = {}
    for file, split in descriptor.split.lists.items():
        found = tree.find(file)
        if not found:
            raise ConfigError(f"{tree.root}: the list {file} of the official split is missing")
        splits |= {line.strip(): split for line in found[0].read_text(encoding="utf-8").splitlines() if line.strip()}
    return splits


def _split(row: Row, descriptor: DatasetDescriptor, splits: dict[str, str] | None) -> str:
    rules = descriptor.split
    if splits is not None:
        key = row.fill(rules.key)
        if key not in splits:
            raise ConfigError(f"{row.place}: {key!r} is in no list of the official split ({', '.join(rules.lists)})")
        return splits[key]
    if not rules.value:
        return ""
    name = row.fill(rules.value)
    if name not in rules.names:
        raise ConfigError(f"{row.place}: split {name!r} is not one of {', '.join(rules.names)}")
    return rules.names[name]


def _divided_patients(drafts: dict[str, _Draft]) -> list[str]:
    first: dict[str, _Draft] = {}
    faults = []
    for draft in drafts.values():
        if draft.patient and first.setdefault(draft.patient, draft).split != draft.split:
            other = first[draft.patient]
            faults.append(
                f"{draft.place}: lies in {draft.split!r}, but {other.place}, of the same patient, in {other.split!r}"
            )
    return faults


def _or_normal(draft: _Draft) -> _Draft:
    return draft if draft.labels else replace(draft, labels=[FolderLabel(NORMAL)])


def _case(descriptor: DatasetDescriptor, key: str, draft: _Draft) -> CaseRecord:
    names, codes = together(draft.labels)
    # Keys may hold a patient's name; an id made from their digest does not show it.
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:ID_DIGITS]
    return CaseRecord(
        case_id=f"{descriptor.name}-{digest}",
        patient_id=f"{descriptor.name}:{draft.patient}" if draft.patient else "",
        anatomy=draft.anatomy,
        split=draft.split,
        scans=tuple(draft.scans.values()),
        disorders=names,
        icd10cm=codes,
        source=descriptor.name,
    )
