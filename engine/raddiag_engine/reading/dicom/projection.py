"""How a projection was taken, from its header: view, side and the directions of its rows and columns."""

from __future__ import annotations

import re

from raddiag_engine.cases import Modality, Plane
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.dicom.instance import Instance

VIEWS = {
    **dict.fromkeys(("AP", "PA"), Plane.FRONTAL),
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "LLD", "RLD"), Plane.LATERAL),
}
VIEW_MODALITIES = {Modality.XRAY, Modality.FLUOROSCOPY, Modality.DSA, Modality.BARIUM_ENEMA}
# Meanings in the view code sequence (CID 4010 and 4014), the narrow before the wide.
MEANINGS = (
    (r"MEDIO-?LATERAL OBLIQUE", "MLO"),
    (r"LATERO-?MEDIAL OBLIQUE", "LMO"),
    (r"MEDIO-?LATERAL", "ML"),
    (r"LATERO-?MEDIAL", "LM"),
    (r"CRANIO-?CAUDAL", "CC"),
    (r"POSTERO-?ANTERIOR", "PA"),
    (r"ANTERO-?POSTERIOR", "AP"),
    (r"LEFT LATERAL", "LL"),
    (r"RIGHT LATERAL", "RL"),
    (r"LATERAL", "LATERAL"),
)
SIDES = {"L", "R", "B"}
DIRECTION = re.compile(r"[RLAPHF]{1,3}")


def view_of(instance: Instance) -> str:
    """(0018,5101), else the short form of the view code sequence (0054,0220), upper case; empty if neither is known."""
    position = instance.header.text("ViewPosition").upper()
    meaning = instance.header.item("ViewCodeSequence").text("CodeMeaning").upper()
    return position or next((view for words, view in MEANINGS if re.search(words, meaning)), "")


def plane_of_view(view: str, modality: Modality) -> Plane:
    """Frontal or lateral, of a projection whose view says so."""
    return VIEWS.get(view, Plane.UNKNOWN) if modality in VIEW_MODALITIES else Plane.UNKNOWN


def laterality_of(frame: Frame) -> str:
    """ "L", "R" or "B": (0020,9072) of the frame, else (0020,0062) of the image, else (0020,0060) of the series."""
    header = frame.instance.header
    shared: Header = header.item("SharedFunctionalGroupsSequence").item("FrameAnatomySequence")
    said = shared.text("FrameLaterality") or header.text("ImageLaterality") or header.text("Laterality")
    return said.upper() if said.upper() in SIDES else ""


def patient_orientation_of(instance: Instance) -> tuple[str, str] | None:
    """The two letters of (0020,0020), None unless both are directions."""
    letters = tuple(text.upper() for text in instance.header.texts("PatientOrientation"))
    if len(letters) != 2 or not all(map(DIRECTION.fullmatch, letters)):
        return None
    return letters[0], letters[1]
