"""A data set whose scans were read and prepared once, exactly as the engine prepares them."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import raddiag_engine.preparation
import raddiag_engine.reading
from raddiag_engine.cases import Scan
from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import RaddiagError, ReadError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.lesion_map import LEAST_COVER, lesion_map
from raddiag_train.data.prepared_shards import ShardReader, ShardWriter, StoredScan
from raddiag_train.data.records import CaseRecord, ScanRecord

Progress = Callable[[int, int], None]
CASES_PER_TASK = 16
STORAGE_VERSION = 2  # of the shards; older ones stay unread


@dataclass(frozen=True, eq=False)
class StoredCase:
    """One case as the trainer takes it.

    Attributes:
        index: Position in the data set.
        scans: Prepared scans, in the order of the record.
        labels_K: (K,) float32 targets.
        lesion_classes: For each scan the class of each of its masks, in the order its lesion map counts them; -1 for a
            disorder that is not in the label space.
    """

    index: int
    scans: list[StoredScan]
    labels_K: NDArray[np.float32]
    lesion_classes: tuple[tuple[int, ...], ...]


class PreparedDataset:
    """Cases with prepared scans, memory-mapped; a map-style data set for a torch DataLoader.

    Args:
        records: The cases, in order.
        labels: The label space of the targets.
        preparation: How scans are made into the network's input.
        cache: Folder of all prepared data; a case is prepared again if its files, what its record says of them, the
            preparation or the code that reads and prepares has changed.
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
        self.labels_NK = labels.matrix(self.records)
        folder = cache / preparation_key(preparation)
        self._keys = [_case_key(record) for record in self.records]
        _prepare_missing(self.records, self._keys, preparation, folder, workers, progress)
        self._shards = ShardReader(folder)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> StoredCase:
        scans = self._shards.read(self._keys[index])
        classes = tuple(
            tuple(self.labels.indices.get(disorder, -1) for disorder in scan.masks)
            for scan in self.records[index].scans
        )
        return StoredCase(index, scans, self.labels_NK[index], classes)


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
        )
        for scan, described, read in zip(prepared, record.scans, scans, strict=True)
    ]


def read_scan(record: CaseRecord, scan: ScanRecord) -> Scan:
    """The scan that one line of a record names, as what the record says it is.

    Raises:
        ReadError: The file is missing or unreadable, holds none or several scans, or one that is not usable.
    """
    from raddiag_engine.reading import read_file

    if not scan.path.exists():
        raise ReadError(scan.path, f"no such file (case {record.case_id})")
    found = _read_folder(scan.path) if scan.path.is_dir() else read_file(scan.path)
    if len(found) != 1:
        raise ReadError(
            scan.path, f"holds {len(found)} scans; name a file or folder of one scan (case {record.case_id})"
        )
    if not found[0].usable:
        raise ReadError(scan.path, f"{found[0].reason} (case {record.case_id})")
    return replace(found[0].with_modality(scan.modality, record.anatomy_of(scan)), plane=scan.plane)


def _read_folder(folder: Path) -> list[Scan]:
    """The scans of a folder of DICOM files; a file that cannot be read may be a slice, so it is not passed over."""
    from raddiag_engine.reading.reader import read_files

    found = list(read_files([path for path in folder.rglob("*") if path.is_file()]))
    for unread in found:
        if not isinstance(unread, Scan):
            raise ReadError(unread.path, f"{unread.reason}; repair it or take it out of the folder")
    return [scan for scan in found if isinstance(scan, Scan)]


def _case_key(record: CaseRecord) -> str:
    """Names a case by path, size and time of its files and by what the record says of them."""
    digest = hashlib.sha256()
    for scan in record.scans:
        for path in (scan.path, *scan.masks.values()):
            try:
                # A slice that is overwritten leaves its folder's own time as it was.
                files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
                for file in files:
                    status = file.stat()
                    digest.update(repr((str(file.resolve()), status.st_size, status.st_mtime_ns)).encode())
            except OSError as error:
                raise ReadError(path, f"cannot be opened ({error.strerror}; case {record.case_id})") from error
        digest.update(repr((str(scan.modality), str(record.anatomy_of(scan)), str(scan.plane))).encode())
    return digest.hexdigest()


def _prepare_missing(
    records: Sequence[CaseRecord],
    keys: Sequence[str],
    preparation: PreparationConfig,
    folder: Path,
    workers: int | None,
    progress: Progress | None,
) -> None:
    there = ShardReader(folder)
    missing = {key: record for key, record in zip(keys, records, strict=True) if key not in there}
    if not missing:
        return
    tasks = [
        [(key, missing[key]) for key in list(missing)[start : start + CASES_PER_TASK]]
        for start in range(0, len(missing), CASES_PER_TASK)
    ]
    workers = min(workers or os.cpu_count() or 1, len(tasks))
    done = 0
    with ShardWriter(folder) as writer:
        for batch in _run(tasks, preparation, workers):
            for key, scans in batch:
                writer.add(key, scans)
            done += len(batch)
            if progress is not None:
                progress(done, len(missing))


Task = list[tuple[str, CaseRecord]]
Prepared = list[tuple[str, list[StoredScan]]]


def _run(tasks: list[Task], preparation: PreparationConfig, workers: int) -> Iterator[Prepared]:
    if workers == 1:
        for task in tasks:
            yield _prepare_task(task, preparation)
        return
    # "spawn", because a fork of a process whose libraries have started threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread) as pool:
        waiting = deque(pool.submit(_prepare_task, task, preparation) for task in tasks[: 4 * workers])
        try:
            for task in tasks[4 * workers :]:
                yield waiting.popleft().result()
                waiting.append(pool.submit(_prepare_task, task, preparation))
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _prepare_task(task: Task, preparation: PreparationConfig) -> Prepared:
    return [(key, prepare_record(record, preparation)) for key, record in task]
