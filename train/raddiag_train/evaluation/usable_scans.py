"""Scans that the reader advises against, such as localizers and secondary captures: the engine never fuses them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raddiag_engine.errors import ReadError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.case_pool import of_each_case
from raddiag_train.data.prepared import Progress, unprepared
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.scan_reading import UnusableScan, read_scan

Positions = tuple[int, ...]


def usable_scans(
    records: Sequence[CaseRecord], preparation: PreparationConfig, cache: Path, progress: Progress | None = None
) -> list[Positions]:
    """Positions of the usable scans of each case; cases that are prepared already are not read, as all of theirs are.

    Args:
        records: The cases.
        preparation: Of the cache.
        cache: Folder of prepared scans.
        progress: Called with cases read and to be read.

    Raises:
        ReadError: A scan cannot be read, or a case has no usable one.
    """
    usable = [tuple(range(len(record.scans))) for record in records]
    rows = unprepared(records, preparation, cache)
    for done, (row, found) in enumerate(
        zip(rows, of_each_case(usable_positions, [records[row] for row in rows]), strict=True), 1
    ):
        if not found:
            raise no_usable_scan(records[row])
        usable[row] = found
        if progress is not None:
            progress(done, len(rows))
    return usable


def usable_positions(record: CaseRecord) -> Positions:
    """Positions of the scans of a case that the reader calls usable.

    Raises:
        ReadError: A scan cannot be read.
    """
    found = []
    for position, scan in enumerate(record.scans):
        try:
            read_scan(record, scan)
        except UnusableScan:
            continue
        found.append(position)
    return tuple(found)


def no_usable_scan(record: CaseRecord) -> ReadError:
    """The error of a case of which nothing is left."""
    return ReadError(
        record.scans[0].path,
        f"case {record.case_id} has no usable scan, which the engine would refuse; take the case out",
    )
