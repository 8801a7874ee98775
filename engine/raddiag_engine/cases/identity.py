"""Whose scan it is: enough to keep two patients apart, and never printed by accident."""

from __future__ import annotations

import hashlib
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
        """A digest that is equal for the same patient; empty if the patient is not named.

        The patient ID alone decides where there is one, because names are spelled in many ways.
        """
        if self.patient_id.strip():
            text = "id:" + self.patient_id.strip().upper()
        elif self.patient_name.strip():
            text = f"name:{self.patient_name.strip().upper()}:{self.birth_date}"
        else:
            return ""
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
