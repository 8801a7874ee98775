"""What is said of the patients of a case: enough to know whose case it is, or to pick one of several."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from napari_raddiag.data_models.plain_line import one_line
from napari_raddiag.data_models.scan_facts import date_text
from raddiag_engine.cases import Case, Identity


@dataclass(frozen=True)
class PatientSummary:
    """One patient named in a case.

    Attributes:
        number: Counted from 1, as in `Case.of_patient`.
        scans: "3 scans, CT and X-ray".
        identity: Name, ID and birth date in one line; not printed by accident.
    """

    number: int
    scans: str
    identity: str = field(default="", repr=False)


def patients_of(case: Case) -> tuple[PatientSummary, ...]:
    """The patients named in the case, in its order; several mean that one must be picked."""
    summaries = []
    for number, key in enumerate(case.patients, start=1):
        scans = [scan for scan in case.scans if case.patient_of[scan.id] == key]
        counts = Counter(str(scan.modality) for scan in scans)
        summaries.append(
            PatientSummary(number, f"{_counted(len(scans))}, {_listed(list(counts))}", identity_line(scans[0].identity))
        )
    return tuple(summaries)


def identity_line(identity: Identity) -> str:
    """ "DOE, Jane, ID 123, born 1970-01-31, F"; empty if the file does not name the patient."""
    if not identity.known:
        return ""
    # DICOM PS3.5 6.2.1: components of a name are separated by carets, the family name first.
    family, _, given = identity.patient_name.partition("^")
    name = ", ".join(part for part in (family.strip(), given.replace("^", " ").strip()) if part)
    parts = [name] if name else []
    parts += [f"ID {identity.patient_id.strip()}"] if identity.patient_id.strip() else []
    parts += [f"born {date_text(identity.birth_date)}"] if identity.birth_date else []
    parts += [identity.sex.strip()] if identity.sex.strip() else []
    return one_line(", ".join(parts))


def identity_of(case: Case) -> str:
    """The identity line of a case of one patient; empty if no scan names anybody."""
    return next((identity_line(scan.identity) for scan in case.scans if scan.identity.known), "")


def nameless_scans(case: Case) -> int:
    """Scans that do not say whose they are."""
    return sum(not scan.identity.known for scan in case.scans)


def _counted(count: int) -> str:
    return "1 scan" if count == 1 else f"{count} scans"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
