"""Short names for scans in the layer list: modality, plane, view and number, never anything of the patient."""

from __future__ import annotations

from raddiag_engine.cases import Case, Modality, Plane, Scan

# A view is the header's own word, and a person may have typed anything there: only DICOM's terms for radiographs and
# mammograms come into a name.
RADIOGRAPHS = ("AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO")
MAMMOGRAMS = ("CC", "MLO", "LMO", "ML", "LM", "FB", "XCC", "XCCL", "XCCM", "SIO", "ISO")
VIEWS = frozenset(RADIOGRAPHS + MAMMOGRAMS)
SIDES = {"L": "left", "R": "right", "B": "both sides"}


def layer_titles(case: Case) -> dict[str, str]:
    """Scan id -> "2 MRI sagittal", numbered from 1 in the order of the case."""
    return {scan.id: f"{number} {describe(scan)}" for number, scan in enumerate(case.scans, start=1)}


def describe(scan: Scan) -> str:
    """Modality, plane, view and side, as far as they are known, and "cine" for a loop: "X-ray frontal PA left"."""
    words = ["scan" if scan.modality is Modality.UNKNOWN else scan.modality.value]
    if scan.plane is not Plane.UNKNOWN:
        words.append(scan.plane.value)
    if scan.view in VIEWS:
        words.append(scan.view)
    if scan.laterality in SIDES:
        words.append(SIDES[scan.laterality])
    if scan.kind == "cine":
        words.append("cine")
    return " ".join(words)
