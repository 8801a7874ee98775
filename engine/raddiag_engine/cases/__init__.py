"""Cases and scans: what a diagnosis is made from. Free of torch."""

from raddiag_engine.cases.case import Case, Skipped
from raddiag_engine.cases.identity import Identity
from raddiag_engine.cases.modality import Anatomy, Modality, Plane
from raddiag_engine.cases.scan import Scan, Window
from raddiag_engine.cases.warning import ScanWarning, WarningCode

__all__ = [
    "Anatomy",
    "Case",
    "Identity",
    "Modality",
    "Plane",
    "Scan",
    "ScanWarning",
    "Skipped",
    "WarningCode",
    "Window",
]
