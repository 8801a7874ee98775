"""The cases of a run: read, split, labelled and prepared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy
from raddiag_engine.errors import ConfigError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.case_lines import case_lines_named, refuse_divided_patients
from raddiag_train.data.held_out_disorders import without_disorders
from raddiag_train.data.label_level import at_label_level
from raddiag_train.data.labels import LabelSpace, label_space
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord, read_records
from raddiag_train.progress import task_progress
from raddiag_train.training.data_config import DataConfig


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run learns from and is judged on.

    Attributes:
        labels: The disorders with a positive training case, and the ancestors learned beside them.
        train: Cases that are learned from.
        validation: Cases on which thresholds, calibration and the input score are fitted.
        labelled: Source -> (K,) True for the disorders that occur in its training cases.
    """

    labels: LabelSpace
    train: PreparedDataset
    validation: PreparedDataset
    labelled: dict[str, NDArray[np.bool_]]

    @property
    def known_SK(self) -> NDArray[np.float32]:
        """(sources, classes) 1 where the source labels the disorder, or every disorder below the ancestor."""
        known_SK = np.stack(list(self.labelled.values()))
        unlabelled_SA = ~known_SK @ self.labels.members_AK.T
        return np.concatenate([known_SK, ~unlabelled_SA], axis=1).astype(np.float32)

    @property
    def sources_N(self) -> NDArray[np.int64]:
        """(training cases,) row of each case's source in `known_SK`."""
        rows = {source: row for row, source in enumerate(self.labelled)}
        return np.array([rows[record.source] for record in self.train.records], dtype=np.int64)

    @property
    def anatomies_N(self) -> NDArray[np.int64]:
        """(training cases,) a number for the body region of each."""
        return np.array([list(Anatomy).index(record.anatomy) for record in self.train.records], dtype=np.int64)

    @property
    def has_masks(self) -> bool:
        """True if a training case has a lesion mask."""
        return any(scan.masks for record in self.train.records for scan in record.scans)

    @property
    def has_key_slices(self) -> bool:
        """True if the place of a key slice in a training case's volume is known."""
        return any(max(self.train.key_slices(index)) >= 0 for index in range(len(self.train)))

    @property
    def key(self) -> str:
        """SHA-256 over the label space and the cases, in order; not over their paths."""
        digest = hashlib.sha256(json.dumps(self.labels.names).encode())
        for ancestor in self.labels.ancestors:
            digest.update(repr((ancestor.code, ancestor.members)).encode())
        for record in (*self.train.records, *self.validation.records):
            scans = [(str(s.modality), str(s.plane), str(record.anatomy_of(s)), tuple(s.masks)) for s in record.scans]
            digest.update(repr((record.split, record.source, record.case_id, record.disorders, scans)).encode())
        return digest.hexdigest()


def load_training_data(config: DataConfig, preparation: PreparationConfig) -> TrainingData:
    """Read the cases and prepare what the cache lacks.

    Raises:
        ConfigError: A cases file or split is wrong; with the line where a label is, a scan's file is missing, or a
            patient lies in two splits.
        ReadError: A file cannot be read or prepared; with the line.
    """
    files = [Path(file) for file in config.cases]
    records = [record for file in files for record in read_records(file)]
    refuse_divided_patients(records, files)
    records = without_disorders(records, config.exclude_disorders, (config.train_split, config.validation_split))
    records = at_label_level(records, config.label_level)
    labels = label_space(records, config.train_split, ancestors=config.icd10cm_ancestors)
    train = [record for record in records if record.split == config.train_split]
    validation = [record for record in records if record.split == config.validation_split]
    if not validation:
        raise ConfigError(
            f"no case is in the split {config.validation_split!r}, which thresholds need; see `raddiag data split`"
        )
    with case_lines_named(files):
        # All at once, so that a missing file is met before any is prepared.
        dataset = prepared_dataset(
            [*train, *validation], labels, preparation, config.cache_folder, config.preparation_workers
        )
    return TrainingData(
        labels,
        dataset.part(slice(len(train))),
        dataset.part(slice(len(train), None)),
        labelled_by_source(train, labels),
    )


def read_cases(path: Path) -> list[CaseRecord]:
    """The records of a cases.jsonl whose files all exist.

    Raises:
        ConfigError: The file or a line is wrong, or a scan's file is missing.
    """
    records = read_records(path)
    lines = [number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if line.strip()]
    for number, record in zip(lines, records, strict=True):
        for scan in record.scans:
            if not scan.path.exists():
                raise ConfigError(f"{path}:{number}: no such file {scan.path} (case {record.case_id})")
    return records


def prepared_dataset(
    records: Sequence[CaseRecord], labels: LabelSpace, preparation: PreparationConfig, cache: Path, workers: int = 0
) -> PreparedDataset:
    """The cases with their prepared scans, with a progress bar while the cache is filled."""
    with task_progress("preparing cases") as progress:
        return PreparedDataset(records, labels, preparation, cache, workers=workers or None, progress=progress)


def labelled_by_source(records: Sequence[CaseRecord], labels: LabelSpace) -> dict[str, NDArray[np.bool_]]:
    """Source -> (K,) True for the disorders that occur in its cases: what it would have said, had it been there."""
    labelled = {source: np.zeros(len(labels), dtype=bool) for source in dict.fromkeys(r.source for r in records)}
    for record in records:
        for name in record.disorders:
            labelled[record.source][labels.indices[name]] = True
    return labelled
