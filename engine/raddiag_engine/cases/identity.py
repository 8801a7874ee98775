"""Whose scan it is: enough to keep two patients apart, and never printed by accident."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Identity:
    """What a header says of the patient; every field is empty if the file does not say.

    Attributes:
        patient_id: (0010,0020), with its issuer (0010,0021) behind a slash if there is one.
        patient_name: (0010,0010).
        birth_date: (0010,0030), "YYYYMMDD".
        sex: (0010,0040).
    """

    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""

    def __repr__(self) -> str:
        return "Identity(known)" if self.known else "Identity(missing)"

    @property
    def known(self) -> bool:
        """True if the file names a patient at all."""
        return bool(self.patient_id.strip() or self.patient_name.strip())

    @property
    def key(self) -> str:
        """A digest of what names the patient, equal for the same patient; empty if the patient is not named.

        The patient ID stands alone where there is one, because names are spelled in many ways. Two patients can still
        have one ID, from two hospitals: `patient_keys` tells them apart.
        """
        if self.patient_id.strip():
            text = "id:" + self.patient_id.strip().upper()
        elif self.patient_name.strip():
            text = f"name:{self.patient_name.strip().upper()}:{self.birth_date}"
        else:
            return ""
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def facts(self) -> dict[str, str]:
        """What cannot differ for one patient, as far as the file says it: birth date and sex."""
        facts = {"birth date": re.sub(r"\D", "", self.birth_date), "sex": self.sex.strip().upper()}
        return {name: value for name, value in facts.items() if value}


def patient_keys(identities: Iterable[Identity]) -> tuple[str, ...]:
    """For each identity a digest that is equal for the same patient; empty where none is named.

    Equal IDs with two birth dates or two sexes are two patients. What one side does not say contradicts nothing.
    """
    facts_by_key: dict[str, list[dict[str, str]]] = {}
    keys = []
    for identity in identities:
        patients = facts_by_key.setdefault(identity.key, [])
        facts = identity.facts
        agreeing = (n for n, known in enumerate(patients) if all(known.get(k, v) == v for k, v in facts.items()))
        number = next(agreeing, len(patients))
        if number == len(patients):
            patients.append({})
        patients[number].update(facts)
        keys.append(f"{identity.key}-{number + 1}" if identity.key and number else identity.key)
    return tuple(keys)
