"""Whether a case can be diagnosed at all. Free of torch."""

from __future__ import annotations

from dataclasses import replace

from raddiag_engine.cases import Case, Scan
from raddiag_engine.errors import CaseError

REASONS_SHOWN = 3


def check_case(case: Case) -> None:
    """Refuse a case of two patients, and one without a scan to look at.

    Raises:
        CaseError: As said; without names.
    """
    if not case.used:
        raise CaseError(f"no usable scan in this case: {_why_unusable(case)}")
    patients = len(replace(case, scans=case.used).patients)
    if patients > 1:
        raise CaseError(
            f"this case holds scans of {patients} patients, which are never diagnosed together; "
            "choose one with --patient N"
        )


def _why_unusable(case: Case) -> str:
    reasons = [f"{_file_of(scan)}: {unused_reason(case, scan.id)}" for scan in case.scans]
    reasons += [f"{skipped.path.name}: {skipped.reason}" for skipped in case.skipped]
    if not reasons:
        return "it is empty; add a scan"
    more = len(reasons) - REASONS_SHOWN
    return "; ".join(reasons[:REASONS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _file_of(scan: Scan) -> str:
    """The scan's file, or its first one and how many more; its id where it came from no file."""
    if not scan.sources:
        return scan.id
    more = len(scan.sources) - 1
    return scan.sources[0].name + (f" and {more} more" if more else "")


def unused_reason(case: Case, scan_id: str) -> str:
    """Why a scan of the case does not take part by itself: a person's choice or the reader's advice."""
    scan = case.scan(scan_id)
    return "left out by choice" if scan_id in case.excluded else scan.reason or "marked as not usable"
