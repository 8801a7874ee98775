"""What a DICOM image shows, from its header: modality, body region and contrast agent."""

from __future__ import annotations

import re

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.reading.anatomy_words import ANATOMY_WORDS
from raddiag_engine.reading.dicom.instance import Instance

STORAGE = "1.2.840.10008.5.1.4.1.1."
MODALITIES = {
    "CT": Modality.CT,
    "MR": Modality.MRI,
    **dict.fromkeys(("CR", "DX", "RG", "PX", "IO"), Modality.XRAY),
    "MG": Modality.MAMMOGRAPHY,
    **dict.fromkeys(("US", "IVUS"), Modality.ULTRASOUND),
    "RF": Modality.FLUOROSCOPY,
    "XA": Modality.FLUOROSCOPY,
    **dict.fromkeys(("NM", "PT"), Modality.NUCLEAR_MEDICINE),
}
# Where (0008,0060) is missing or "OT", the SOP class still tells.
MODALITIES_OF_CLASSES = {
    STORAGE + "2": Modality.CT,
    STORAGE + "2.1": Modality.CT,
    STORAGE + "4": Modality.MRI,
    STORAGE + "4.1": Modality.MRI,
    STORAGE + "1": Modality.XRAY,
    STORAGE + "1.1": Modality.XRAY,
    STORAGE + "1.2": Modality.MAMMOGRAPHY,
    STORAGE + "6.1": Modality.ULTRASOUND,
    STORAGE + "3.1": Modality.ULTRASOUND,
    STORAGE + "12.1": Modality.FLUOROSCOPY,
    STORAGE + "12.2": Modality.FLUOROSCOPY,
    STORAGE + "20": Modality.NUCLEAR_MEDICINE,
    STORAGE + "128": Modality.NUCLEAR_MEDICINE,
}
BARIUM_WORDS = re.compile(r"\bBARIUM\b.*\bENEMA\b|\bENEMA\b|\bCOLON CONTRAST\b")
NO_CONTRAST = {"NO", "N", "NONE", "NON", "WITHOUT", "W/O", "0", "NIL", "OHNE", "NATIV", "NATIVE"}
DSA_WORDS = re.compile(r"\bDSA\b|SUBTRACT")


def modality_of(instance: Instance) -> Modality:
    """The paper's modality, from (0008,0060), else from the SOP class.

    Barium enema is fluoroscopy whose description says so. XA is DSA where pixels are subtracted or a mask to subtract
    is named (0028,6100); unsubtracted XA is fluoroscopy.
    """
    found = MODALITIES.get(instance.modality) or MODALITIES_OF_CLASSES.get(instance.sop_class, Modality.UNKNOWN)
    if found in (Modality.FLUOROSCOPY, Modality.XRAY) and BARIUM_WORDS.search(instance.words):
        return Modality.BARIUM_ENEMA
    if found is Modality.FLUOROSCOPY and instance.modality != "RF" and _is_subtracted(instance):
        return Modality.DSA
    return found


def _is_subtracted(instance: Instance) -> bool:
    masked = bool(instance.header.items("MaskSubtractionSequence"))
    subtracting = instance.header.text("RecommendedViewingMode").upper() == "SUB"
    said = DSA_WORDS.search(" ".join(instance.image_type)) or DSA_WORDS.search(instance.words)
    return masked or subtracting or bool(said)


def anatomy_of(instance: Instance) -> Anatomy:
    """The body region, from (0018,0015), else from words of the descriptions; the first of the table counts."""
    for text in (body_part_of(instance), instance.words):
        found = [anatomy for anatomy, words in ANATOMY_WORDS if re.search(rf"(?<![A-Z])(?:{words})(?![A-Z])", text)]
        if found:
            both_trunks = {Anatomy.CHEST, Anatomy.ABDOMEN_AND_PELVIS} <= set(found)
            return Anatomy.MIXED if both_trunks else found[0]
    return Anatomy.BREAST if instance.modality == "MG" else Anatomy.UNKNOWN


def body_part_of(instance: Instance) -> str:
    """(0018,0015), else the meaning in the anatomic region sequence (0008,2218), upper case."""
    header = instance.header
    shared = header.item("SharedFunctionalGroupsSequence").item("FrameAnatomySequence")
    region = header.item("AnatomicRegionSequence").text("CodeMeaning")
    text = header.text("BodyPartExamined") or region or shared.item("AnatomicRegionSequence").text("CodeMeaning")
    return text.upper()


def contrast_agent_of(instance: Instance) -> bool | None:
    """True if the header names a contrast agent, False if it says that there was none, None if it is silent."""
    header = instance.header
    places = header, header.item("SharedFunctionalGroupsSequence"), header.item("PerFrameFunctionalGroupsSequence")
    used = (place.item("ContrastBolusUsageSequence").text("ContrastBolusAgentAdministered") for place in places)
    said = (next(filter(None, used), "") or header.text("ContrastBolusAgent")).upper()
    if said:
        return said not in NO_CONTRAST
    return True if header.items("ContrastBolusAgentSequence") else None
