"""What came of a file given to the guarded reader, as one of a few kinds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.guard import GuardedReader

DIED = re.compile(r"process crashed|given up|^reading it needs more memory")
SCAN, WARNED, UNUSABLE, REFUSED, DEAD = "scan", "scan, warned of", "scan, not used", "refused", "ended by the guard"


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes:
        kind: One of the five above.
        reason: Why it is refused, or not used.
        seconds: How long it took.
    """

    kind: str
    reason: str
    seconds: float


def outcome_of(reader: GuardedReader, path: Path) -> Outcome:
    """Read one file and check that all that comes is a sound scan or a line about the file.

    Raises:
        AssertionError: It is neither.
        Exception: Whatever escapes the reader, but for `ReadError`.
    """
    started = time.perf_counter()
    try:
        found = list(reader.read([path], lambda file, step: None))
    except ReadError as error:
        found = [Skipped(error.path, error.reason)]
    seconds = time.perf_counter() - started
    assert found, "neither a scan nor a line"
    for item in found:
        _check(item, path)
    return Outcome(*_kind(found), seconds)


def _check(item: Scan | Skipped, path: Path) -> None:
    if isinstance(item, Skipped):
        assert item.path == path or path in item.path.parents, item.path
        assert item.reason and "\n" not in item.reason and "Traceback" not in item.reason, item.reason
        return
    assert item.voxels.size and item.voxels.dtype.kind in "iuf"
    assert item.affine is None or np.isfinite(item.affine).all()
    assert item.usable or item.reason
    assert len(item.content_hash) == 64


def _kind(found: Iterable[Scan | Skipped]) -> tuple[str, str]:
    scans = [item for item in found if isinstance(item, Scan)]
    reasons = [item.reason for item in found if isinstance(item, Skipped)]
    dead = [reason for reason in reasons if DIED.search(reason)]
    if dead:
        return DEAD, dead[0]
    if not scans:
        return REFUSED, reasons[0]
    unused = [scan.reason or "" for scan in scans if not scan.usable]
    if unused:
        return UNUSABLE, unused[0]
    return (WARNED if reasons or any(scan.warnings for scan in scans) else SCAN), ""
