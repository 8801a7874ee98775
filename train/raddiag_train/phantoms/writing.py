"""A data set of phantoms on disk: scans, masks and cases.jsonl."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np

from raddiag_engine.cases import Scan
from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import CaseRecord, ScanRecord, read_records, write_records
from raddiag_train.phantoms.case import PhantomCase, drawn_disorders, drawn_unseen_disorder, make_case
from raddiag_train.phantoms.dicom import write_dicom
from raddiag_train.phantoms.nifti import write_mask, write_scan
from raddiag_train.phantoms.splits import stratified_splits
from raddiag_train.phantoms.unseen_lesions import UNSEEN_LESIONS

Format = Literal["nifti", "dicom"]
SEEDS_PER_SET = 1_000_000
SOURCE = "phantom"
USUAL_SPLITS = (0.7, 0.1, 0.2)
TEST_ALONE = (0.0, 0.0, 1.0)


def write_phantoms(
    output: Path,
    *,
    cases: int,
    seed: int,
    workers: int = 1,
    splits: tuple[float, float, float] | None = None,
    file_format: Format = "nifti",
    unseen: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a data set; one that was interrupted goes on where it stopped.

    Each case is one folder, `phantom-<seed>`, that appears only when it is complete; cases.jsonl comes last. A case of
    an unseen disorder is `phantom-<seed>-unseen`, of the same patient: it has the body of the seed's other case.

    Args:
        output: Folder to write to; made if absent.
        cases: How many.
        seed: Of the set; its cases have the seeds `seed * 1,000,000` and following.
        workers: Processes.
        splits: Fractions of "train", "validation" and "test"; None for 0.7, 0.1 and 0.2, with `unseen` for test alone.
        file_format: Scans as uncompressed NIfTI files, or as DICOM.
        unseen: Most cases have a disorder that no other set has, to be scored by its name; the others are as ever.
        progress: Called with the cases done and their total.

    Returns:
        The path of cases.jsonl.

    Raises:
        ConfigError: Numbers that make no sense.
    """
    if not 1 <= cases <= SEEDS_PER_SET:
        raise ConfigError(f"cannot make {cases} phantoms; ask for 1 to {SEEDS_PER_SET}")
    if seed < 0 or workers < 1:
        raise ConfigError(f"seed {seed}, workers {workers}: the seed must be 0 or more, workers 1 or more")
    splits = splits or (TEST_ALONE if unseen else USUAL_SPLITS)
    if unseen and tuple(splits) != TEST_ALONE:
        raise ConfigError(
            f"split fractions {splits}: unseen disorders are never learned, so all of the set is for test"
        )
    seeds = [seed * SEEDS_PER_SET + index for index in range(cases)]
    chosen = [drawn_unseen_disorder(s) if unseen else None for s in seeds]
    labels = [(name,) if name else drawn_disorders(s) for s, name in zip(seeds, chosen, strict=True)]
    parts = stratified_splits(labels, splits, np.random.default_rng(seed))
    output.mkdir(parents=True, exist_ok=True)
    records: list[CaseRecord] = []
    write = partial(_write_case, output, file_format)
    for done, record in enumerate(_each(write, seeds, parts, chosen, workers), 1):
        records.append(record)
        if progress:
            progress(done, cases)
    write_records(output / "cases.jsonl", records)
    return output / "cases.jsonl"


def _each(
    write: Callable[[int, str, str | None], CaseRecord],
    seeds: list[int],
    parts: list[str],
    chosen: list[str | None],
    workers: int,
) -> Iterator[CaseRecord]:
    if workers == 1:
        yield from map(write, seeds, parts, chosen)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(write, seeds, parts, chosen, chunksize=4)


def _write_case(output: Path, file_format: Format, seed: int, split: str, unseen: str | None) -> CaseRecord:
    """Write one case unless it is there; its folder holds its own line of cases.jsonl."""
    folder = output / _case_id(seed, unseen is not None)
    if not folder.exists():
        unfinished = output / f".{folder.name}.{os.getpid()}.partial"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            phantom = make_case(seed, disorders=(unseen,) if unseen else None)
            write_case(phantom, unfinished, split=split, file_format=file_format)
            unfinished.replace(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return replace(read_records(folder / "case.jsonl")[0], split=split)


def write_case(phantom: PhantomCase, folder: Path, *, split: str = "", file_format: Format = "nifti") -> CaseRecord:
    """Write one phantom's scans, masks and `case.jsonl` into `folder`, which exists."""
    if file_format == "dicom":
        paths = write_dicom(phantom, folder)
    else:
        paths = {scan.id: folder / f"{_key(scan)}.nii" for scan in phantom.case.scans}
        for scan in phantom.case.scans:
            write_scan(scan, paths[scan.id])
    record = CaseRecord(
        case_id=_case_id(phantom.seed, not UNSEEN_LESIONS.keys().isdisjoint(phantom.disorders)),
        patient_id=f"PHANTOM-{phantom.seed}",
        anatomy=phantom.anatomy,
        split=split,
        scans=tuple(_scan_record(phantom, scan, paths[scan.id], folder) for scan in phantom.case.scans),
        disorders=phantom.disorders,
        icd10cm=phantom.icd10cm,
        source=SOURCE,
    )
    write_records(folder / "case.jsonl", [record])
    return record


def _scan_record(phantom: PhantomCase, scan: Scan, path: Path, folder: Path) -> ScanRecord:
    masks, key_slice = {}, None
    for disorder, mask in phantom.masks[scan.id].items():
        masks[disorder] = folder / f"{_key(scan)}.{disorder.lower().replace(' ', '-')}.mask.nii.gz"
        write_mask(mask, scan, masks[disorder])
        if mask.ndim == 3 and key_slice is None:
            key_slice = int(mask.sum(axis=(1, 2)).argmax())
    return ScanRecord(
        path.resolve(), scan.modality, scan.plane, key_slice, scan.anatomy, {d: m.resolve() for d, m in masks.items()}
    )


def _case_id(seed: int, unseen: bool) -> str:
    return f"phantom-{seed}-unseen" if unseen else f"phantom-{seed}"


def _key(scan: Scan) -> str:
    return scan.id.rsplit("-", 1)[1]
