"""What the tests of the checklist share: read in this process, and the codes of a scan's warnings."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.reading import read_case


def read_all(*paths: Path) -> tuple[Scan, ...]:
    """The scans of some paths."""
    return read_case(paths, guarded=False).scans


def read_one(*paths: Path) -> Scan:
    """The only scan of some paths."""
    (scan,) = read_all(*paths)
    return scan


def codes(scan: Scan) -> list[WarningCode]:
    """The warnings of a scan, without their words."""
    return [warning.code for warning in scan.warnings]


def message(scan: Scan, code: WarningCode) -> str:
    """The words of the scan's only warning of this code."""
    (found,) = [warning.message for warning in scan.warnings if warning.code is code]
    return found
