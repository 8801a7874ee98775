"""One patient a case: two are told apart without ever naming them."""

from __future__ import annotations

from collections import Counter

from raddiag_engine.cases import Case, Scan, WarningCode
from raddiag_engine.cases.case import NOBODY_NAMED
from raddiag_engine.errors import CaseError


def one_patient(case: Case, number: int | None = None) -> Case:
    """The case if it is of one patient, else the scans of the patient asked for and, not used, those of nobody named.

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
    counts = Counter(case.patient_of.values())
    parts = [f"patient {number} ({_scans(counts[key])})" for number, key in enumerate(case.patients, start=1)]
    rest = f", and {_scans(counts[''])} of nobody named" if counts[""] else ""
    return f"scans of {len(case.patients)} patients: {', '.join(parts)}{rest}{_shared_id(case)}"


def with_identity_warnings(case: Case) -> Case:
    """The case with warnings on scans of other patients, and on scans that do not say whose they are."""
    if len(case.scans) < 2 or not case.patients:
        return case
    mixed = len(case.patients) > 1
    for scan in case.scans:
        if not scan.identity.known:
            case = case.replacing(scan.warned(WarningCode.IDENTITY_MISSING, NOBODY_NAMED))
        elif mixed:
            number = case.patients.index(case.patient_of[scan.id]) + 1
            message = f"this is a scan of patient {number} of {len(case.patients)} in these files{_shared_id(case)}"
            case = case.replacing(scan.warned(WarningCode.IDENTITY_MIXED, message))
    return case


def _shared_id(case: Case) -> str:
    """Why scans that name the same patient count as several patients'; empty where none do."""
    names = {scan.identity.key for scan in case.scans if scan.identity.known}
    return "; one patient ID has different birth dates or sexes" if len(names) < len(case.patients) else ""


def _alone(case: Case) -> Case:
    """The case without the warnings that its scans are of several patients."""
    for scan in case.scans:
        case = case.replacing(_without(scan, WarningCode.IDENTITY_MIXED))
    return case


def _without(scan: Scan, code: WarningCode) -> Scan:
    return scan.changed(warnings=tuple(warning for warning in scan.warnings if warning.code is not code))


def _scans(count: int) -> str:
    return "1 scan" if count == 1 else f"{count} scans"
