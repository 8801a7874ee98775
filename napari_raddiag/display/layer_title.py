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
    """Scan id -> "2 MRI sagittal", or "scan 2" if its modality is unknown; numbered from 1 in the order of the case."""
    return {scan.id: _title(scan, number) for number, scan in enumerate(case.scans, start=1)}


def _title(scan: Scan, number: int) -> str:
    """Modality, plane, view and side, as far as they are known, and "cine" for a loop: "2 X-ray frontal PA left"."""
    # "1 scan" would be read as a count.
    known = scan.modality is not Modality.UNKNOWN
    words = [str(number), scan.modality.value] if known else ["scan", str(number)]
    if scan.plane is not Plane.UNKNOWN:
        words.append(scan.plane.value)
    if scan.view in VIEWS:
        words.append(scan.view)
    if scan.laterality in SIDES:
        words.append(SIDES[scan.laterality])
    if scan.kind == "cine":
        words.append("cine")
    return " ".join(words)
