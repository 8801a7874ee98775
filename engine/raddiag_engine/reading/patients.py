"""One patient a case: two are told apart without ever naming them."""

from __future__ import annotations

from dataclasses import replace

from raddiag_engine.cases import Case, Scan, WarningCode
from raddiag_engine.errors import CaseError


def one_patient(case: Case, number: int | None = None) -> Case:
    """The case if it is of one patient, else the scans of the patient asked for.

    Args:
        case: As read.
        number: The patient to keep, counted from 1 in the order of the list that the error gives.

    Raises:
        CaseError: Scans of several patients and no number, or no such patient.
    """
    if number is not None:
        return _alone(case.of_patient(number))
    if len(case.patients) > 1:
        raise CaseError(f"{describe_patients(case)}. A case is one patient: choose with --patient N")
    return case


def describe_patients(case: Case) -> str:
    """The patients of a case as numbers with their scans; names are never given."""
    counts = [sum(scan.identity.key == key for scan in case.scans) for key in case.patients]
    unnamed = sum(not scan.identity.known for scan in case.scans)
    parts = [f"patient {i} ({_scans(count)})" for i, count in enumerate(counts, start=1)]
    rest = f", and {_scans(unnamed)} of nobody named" if unnamed else ""
    return f"scans of {len(counts)} patients: {', '.join(parts)}{rest}"


def with_identity_warnings(case: Case) -> Case:
    """The case with warnings on scans of other patients, and on scans that do not say whose they are."""
    if len(case.scans) < 2 or not case.patients:
        return case
    mixed = len(case.patients) > 1
    for scan in case.scans:
        if not scan.identity.known:
            message = "the file does not say whose scan this is; make sure that it belongs to this case"
            case = case.replacing(scan.warned(WarningCode.IDENTITY_MISSING, message))
        elif mixed:
            number = case.patients.index(scan.identity.key) + 1
            message = f"this is a scan of patient {number} of {len(case.patients)} in these files"
            case = case.replacing(scan.warned(WarningCode.IDENTITY_MIXED, message))
    return case


def _alone(case: Case) -> Case:
    """The case without the warnings that its scans are of several patients."""
    for scan in case.scans:
        case = case.replacing(_without(scan, WarningCode.IDENTITY_MIXED))
    return case


def _without(scan: Scan, code: WarningCode) -> Scan:
    return replace(scan, warnings=tuple(warning for warning in scan.warnings if warning.code is not code))


def _scans(count: int) -> str:
    return "1 scan" if count == 1 else f"{count} scans"
