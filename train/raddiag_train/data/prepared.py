"""A data set whose scans were read and prepared once, exactly as the engine prepares them."""

from __future__ import annotations

import copy
import hashlib
import json
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import raddiag_engine.preparation
import raddiag_engine.reading
from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import RaddiagError, ReadError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.case_identity import ContentIndex, content_key, status_key
from raddiag_train.data.key_slice import prepared_position, signed_depth
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.lesion_map import LEAST_COVER, lesion_map
from raddiag_train.data.prepared_shards import ShardReader, ShardWriter, StoredScan
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.scan_reading import read_scan

Progress = Callable[[int, int], None]
CASES_PER_TASK = 16
STORAGE_VERSION = 2  # of the shards; older ones stay unread


@dataclass(frozen=True, eq=False)
class StoredCase:
    """One case as the trainer takes it.

    Attributes:
        index: Position in the data set.
        scans: Prepared scans, in the order of the record.
        labels_K: (K,) float32 targets, those of ancestors behind those of disorders.
        lesion_classes: For each scan the class of each of its masks, in the order its lesion map counts them; -1 for a
            disorder that is not in the label space.
        key_slices: For each scan the prepared slice nearest to the one that shows the finding best; -1 if not known.
    """

    index: int
    scans: list[StoredScan]
    labels_K: NDArray[np.float32]
    lesion_classes: tuple[tuple[int, ...], ...]
    key_slices: tuple[int, ...]


class PreparedDataset:
    """Cases with prepared scans, memory-mapped; a map-style data set for a torch DataLoader.

    Attributes:
        case_labels: The targets of all cases, sparse.

    Args:
        records: The cases, in order.
        labels: The label space of the targets.
        preparation: How scans are made into the network's input.
        cache: Folder of all prepared data; a case is prepared again if the content of its files, what its record says
            of them, the preparation or the code that reads and prepares has changed.
        workers: Processes that prepare; None for one a core.
        progress: Called with cases done and cases to do.

    Raises:
        ReadError: A file cannot be read or prepared; what was prepared before it is kept.
        ConfigError: A disorder is not in the label space.
    """

    def __init__(
        self,
        records: Sequence[CaseRecord],
        labels: LabelSpace,
        preparation: PreparationConfig,
        cache: Path,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.records = tuple(records)
        self.labels = labels
        self.preparation = preparation
        self.case_labels = labels.targets_of(self.records)
        folder = cache / preparation_key(preparation)
        self._keys = _prepared_keys(self.records, preparation, folder, workers, progress)
        self._shards = ShardReader(folder)

    def part(self, cases: slice) -> PreparedDataset:
        """Some of the cases, by the same label space, cache and preparation."""
        part = copy.copy(self)
        part.records, part._keys = self.records[cases], self._keys[cases]
        part.case_labels = self.labels.targets_of(part.records)
        return part

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> StoredCase:
        scans = self._shards.read(self._keys[index])
        classes = tuple(
            tuple(self.labels.indices.get(disorder, -1) for disorder in scan.masks)
            for scan in self.records[index].scans
        )
        return StoredCase(index, scans, self.case_labels.row(index), classes, self.key_slices(index))

    def key_slices(self, index: int) -> tuple[int, ...]:
        """`StoredCase.key_slices` of a case, without reading its scans."""
        acquired = self._shards.acquired_slices(self._keys[index])
        return tuple(
            prepared_position(scan.key_slice, slices, self.preparation)
            for scan, slices in zip(self.records[index].scans, acquired, strict=True)
        )


def preparation_key(preparation: PreparationConfig) -> str:
    """Names the preparation: its configuration and the code that reads and prepares."""
    digest = hashlib.sha256(
        json.dumps([STORAGE_VERSION, LEAST_COVER, to_mapping(preparation)], sort_keys=True).encode()
    )
    for package in (raddiag_engine.reading, raddiag_engine.preparation):
        for source in sorted(path for root in package.__path__ for path in Path(root).rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:20]


def prepare_record(record: CaseRecord, preparation: PreparationConfig) -> list[StoredScan]:
    """Read and prepare every scan of a case.

    Raises:
        ReadError: A file cannot be read, holds several scans, or cannot be prepared.
    """
    from raddiag_engine.preparation import prepare_case

    scans = [read_scan(record, scan) for scan in record.scans]
    try:
        prepared = prepare_case(scans, preparation)
    except ReadError:
        raise
    except RaddiagError as error:
        raise ReadError(record.scans[0].path, f"its case cannot be prepared: {error}") from error
    return [
        StoredScan(
            np.rint(scan.voxels * 255.0).astype(np.uint8),
            scan.is_volume,
            scan.modality_id,
            lesion_map(described, scan, read.affine),
            signed_depth(scan),
        )
        for scan, described, read in zip(prepared, record.scans, scans, strict=True)
    ]


def unprepared(records: Sequence[CaseRecord], preparation: PreparationConfig, cache: Path) -> list[int]:
    """Rows of the cases that the cache does not hold as they are now.

    Raises:
        ReadError: A file is missing.
    """
    folder = cache / preparation_key(preparation)
    there, index = ShardReader(folder), ContentIndex(folder)
    return [row for row, record in enumerate(records) if _stored_under(status_key(record), there, index) is None]


def _stored_under(status: str, there: ShardReader, index: ContentIndex) -> str | None:
    """The key of a case in the shards, None if it is in none."""
    # A shard of before contents were told apart holds a case under its status.
    content = status if status in there else index.get(status)
    return content if content is not None and content in there else None


def _prepared_keys(
    records: Sequence[CaseRecord],
    preparation: PreparationConfig,
    folder: Path,
    workers: int | None,
    progress: Progress | None,
) -> list[str]:
    """The key under which each case is stored; what is not stored yet is prepared."""
    there, index = ShardReader(folder), ContentIndex(folder)
    keys: dict[str, str] = {}
    unknown: dict[str, CaseRecord] = {}
    status = [status_key(record) for record in records]
    for case, record in zip(status, records, strict=True):
        if content := _stored_under(case, there, index):
            keys[case] = content
        else:
            unknown[case] = record
    if unknown:
        keys |= _prepare_missing(unknown, preparation, folder, there, index, workers, progress)
    return [keys[case] for case in status]


def _prepare_missing(
    missing: dict[str, CaseRecord],
    preparation: PreparationConfig,
    folder: Path,
    there: ShardReader,
    index: ContentIndex,
    workers: int | None,
    progress: Progress | None,
) -> dict[str, str]:
    """Status key -> content key of cases that are read and, where their content is new, prepared and stored."""
    items = list(missing.items())
    tasks = [items[start : start + CASES_PER_TASK] for start in range(0, len(items), CASES_PER_TASK)]
    workers = min(workers or os.cpu_count() or 1, len(tasks))
    keys: dict[str, str] = {}
    written: set[str] = set()
    with ShardWriter(folder) as writer:
        for batch in _run(tasks, preparation, frozenset(there.keys()), workers):
            for status, content, scans in batch:
                if scans is not None and content not in written:
                    writer.add(content, scans)
                    written.add(content)
                keys[status] = content
            if progress is not None:
                progress(len(keys), len(missing))
            # After the shard, so that no line promises what an interruption has lost.
            index.add([(status, content) for status, content, scans in batch if scans is None])
    index.add([(status, content) for status, content in keys.items() if index.get(status) is None])
    return keys


Task = list[tuple[str, CaseRecord]]
Prepared = list[tuple[str, str, list[StoredScan] | None]]
_stored: frozenset[str] = frozenset()


def _run(tasks: list[Task], preparation: PreparationConfig, stored: frozenset[str], workers: int) -> Iterator[Prepared]:
    if workers == 1:
        _start_worker(stored)
        for task in tasks:
            yield _prepare_task(task, preparation)
        return
    # "spawn", because a fork of a process whose libraries have started threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(stored, True)) as pool:
        waiting = deque(pool.submit(_prepare_task, task, preparation) for task in tasks[: 4 * workers])
        try:
            for task in tasks[4 * workers :]:
                yield waiting.popleft().result()
                waiting.append(pool.submit(_prepare_task, task, preparation))
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _start_worker(stored: frozenset[str], own_process: bool = False) -> None:
    global _stored
    _stored = stored
    if own_process:
        import torch

        torch.set_num_threads(1)


def _prepare_task(task: Task, preparation: PreparationConfig) -> Prepared:
    """Status key, content key and, where that content is not stored yet, the prepared scans of each case."""
    done: Prepared = []
    for status, record in task:
        content = content_key(record)
        done.append((status, content, None if content in _stored else prepare_record(record, preparation)))
    return done
