"""Made-up cases for experiments: bright and dark blobs in training, validation and test parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raddiag_train.data.records import CaseRecord, read_records, write_records
from tests.train.training.blob_cases import RECIPE, write_blob_cases, write_recipe

SHORT = RECIPE.replace("epochs = 2", "steps = 4")


def write_cases(folder: Path, *, single_image: bool) -> Path:
    """48 training, 32 validation and 24 test cases, each an image or with a volume beside every third.

    Returns:
        The recipe; the cases lie beside it.
    """
    records = read_records(write_blob_cases(folder, train=72, validation=32))
    parts = [_part(record, number, single_image) for number, record in enumerate(records)]
    write_records(folder / "cases.jsonl", parts)
    return write_recipe(folder, SHORT)


def _part(record: CaseRecord, number: int, single_image: bool) -> CaseRecord:
    scans = record.scans[:1] if single_image else record.scans
    return replace(record, scans=scans, split="test" if number < 24 else record.split)
