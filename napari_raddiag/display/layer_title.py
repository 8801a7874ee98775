"""Short names for scans in the layer list: modality, plane and number, never anything of the patient."""

from __future__ import annotations

from raddiag_engine.cases import Case, Modality, Plane, Scan


def layer_titles(case: Case) -> dict[str, str]:
    """Scan id -> "2 MRI sagittal", numbered from 1 in the order of the case."""
    return {scan.id: f"{number} {describe(scan)}" for number, scan in enumerate(case.scans, start=1)}


def describe(scan: Scan) -> str:
    """Modality and plane, as far as they are known, and "cine" for a loop."""
    words = ["scan" if scan.modality is Modality.UNKNOWN else scan.modality.value]
    if scan.plane is not Plane.UNKNOWN:
        words.append(scan.plane.value)
    if scan.kind == "cine":
        words.append("cine")
    return " ".join(words)
