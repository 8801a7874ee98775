"""The whole of ICD-10-CM: look codes up, climb their tree, find them by text. Knows no model and no torch."""

from raddiag_engine.icd10cm.entry import Entry, Kind
from raddiag_engine.icd10cm.errors import UnknownCode
from raddiag_engine.icd10cm.table import Icd10cm, icd10cm

__all__ = ["Entry", "Icd10cm", "Kind", "UnknownCode", "icd10cm"]
