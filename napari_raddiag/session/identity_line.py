"""Whose case it is, for the reader's eyes only: never for a log, a file or an export."""

from __future__ import annotations

from raddiag_engine.cases import Case


def identity_line(case: Case) -> str:
    """Name, ID, birth date and sex of the patient as the files give them; empty if no scan names anybody."""
    known = next((scan.identity for scan in case.scans if scan.identity.known), None)
    if known is None:
        return ""
    name = known.patient_name.replace("^", " ").strip()
    parts = [name, f"ID {known.patient_id}" if known.patient_id else "", _date(known.birth_date), known.sex]
    return " · ".join(part for part in parts if part)


def nameless_scans(case: Case) -> int:
    """Scans that do not say whose they are."""
    return sum(not scan.identity.known for scan in case.scans)


def _date(text: str) -> str:
    return f"born {text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdecimal() else ""
