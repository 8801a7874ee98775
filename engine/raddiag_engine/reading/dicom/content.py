"""What a DICOM image shows, from its header: modality, body region, view, and whether a network should see it."""

from __future__ import annotations

import re

from raddiag_engine.cases import Anatomy, Modality, Plane, WarningCode
from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.instance import Instance

STORAGE = "1.2.840.10008.5.1.4.1.1."
SECONDARY_CAPTURE = STORAGE + "7"
VISIBLE_LIGHT = STORAGE + "77."
NOT_SCANS = {
    STORAGE + "66.4": "segmentation",
    STORAGE + "66.7": "segmentation",
    STORAGE + "30": "parametric map",
    STORAGE + "481.2": "radiotherapy dose grid",
}
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
LOCALIZER_WORDS = re.compile(r"\b(LOCALI[SZ]ER|SCOUT|TOPOGRAM|SURVIEW|SCANOGRAM)\b")
BARIUM_WORDS = re.compile(r"\bBARIUM\b.*\bENEMA\b|\bENEMA\b|\bCOLON CONTRAST\b")
DSA_WORDS = re.compile(r"\bDSA\b|SUBTRACT")
# Looked up in BodyPartExamined first, then in the descriptions; the first found counts, the narrow before the wide.
ANATOMY_WORDS: tuple[tuple[Anatomy, str], ...] = (
    (Anatomy.SPINE, r"[CTL]-?SPINE|[A-Z]*SPINE|SPINAL|SACRUM|COCCYX|VERTEBRA\w*|WHOLE ?SPINE|MYELO\w*"),
    (Anatomy.BREAST, r"BREASTS?|MAMM\w*"),
    (
        Anatomy.HEAD_AND_NECK,
        r"HEAD|BRAIN|SKULL|NECK|ORBITS?|SINUS\w*|FACE|FACIAL|JAW|MANDIBLE|MAXILLA|TMJ|IAC|EARS?|PITUITARY|SELLA|THYROID"
        r"|CRANI\w*|CEREBR\w*|CAROTID\w*|NASAL|TEETH|DENTAL|LARYNX|PHARYNX|HEADNECK|CIRCLEOFWILLIS",
    ),
    (Anatomy.UPPER_LIMB, r"SHOULDER|CLAVICLE|SCAPULA|HUMERUS|ARM|ELBOW|FOREARM|RADIUS|ULNA|WRIST|HAND|FINGERS?|THUMB"),
    (Anatomy.LOWER_LIMB, r"HIP|FEMUR|THIGH|KNEE|PATELLA|LEG|TIBIA|FIBULA|CALF|ANKLE|FOOT|HEEL|CALCANEUS|TOES?"),
    (Anatomy.CHEST, r"CHEST|THORAX|LUNGS?|HEART|CARDIAC|CORONARY|RIBS?|STERNUM|MEDIASTINUM|ESOPHAGUS|PULMONARY"),
    (
        Anatomy.ABDOMEN_AND_PELVIS,
        r"ABDO\w*|ABD|PELVI\w*|LIVER|KIDNEYS?|RENAL|PANCREAS|SPLEEN|STOMACH|BOWEL|COLON|RECTUM|PROSTATE|UTERUS|BLADDER"
        r"|ADRENAL|GALLBLADDER|OVARY|URO\w*|OBSTETRICAL|HEPAT\w*",
    ),
    (Anatomy.MIXED, r"WHOLE ?BODY|TRUNK|CHESTABD\w*|HEADTOTOE"),
)
VIEWS = {**dict.fromkeys(("AP", "PA"), Plane.FRONTAL), **dict.fromkeys(("LL", "RL", "LAT", "LATERAL"), Plane.LATERAL)}
VIEW_MODALITIES = {Modality.XRAY, Modality.FLUOROSCOPY, Modality.DSA}


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
    """The body region, from (0018,0015), else from words of the descriptions."""
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


def view_of(instance: Instance, modality: Modality) -> Plane:
    """Frontal or lateral, from the view position (0018,5101) of a projection."""
    if modality not in VIEW_MODALITIES:
        return Plane.UNKNOWN
    return VIEWS.get(instance.header.text("ViewPosition").upper(), Plane.UNKNOWN)


def why_unusable(frame: Frame) -> tuple[WarningCode, str] | None:
    """Why a network should not see this image unless a person says so; None if it should."""
    instance = frame.instance
    if NOT_SCANS.get(instance.sop_class):
        return WarningCode.CONTENT_NOT_AN_IMAGE, f"a {NOT_SCANS[instance.sop_class]}, not a scan"
    if instance.sop_class == SECONDARY_CAPTURE or instance.sop_class.startswith(SECONDARY_CAPTURE + "."):
        return WarningCode.CONTENT_NOT_AN_IMAGE, "a secondary capture (a picture of a screen or film), not a scan"
    if instance.sop_class.startswith(VISIBLE_LIGHT):
        return WarningCode.CONTENT_NOT_AN_IMAGE, "a photograph or microscopy, not a radiological scan"
    if "LOCALIZER" in frame.image_type or LOCALIZER_WORDS.search(instance.header.text("SeriesDescription").upper()):
        return WarningCode.CONTENT_LOCALIZER, "a localizer, made to plan other scans"
    if instance.header.text("PresentationIntentType").upper() == "FOR PROCESSING":
        return WarningCode.CONTENT_NOT_FOR_PRESENTATION, "raw detector data (FOR PROCESSING), not what a reader sees"
    if "MOSAIC" in frame.image_type:
        return WarningCode.CONTENT_FOUR_DIMENSIONAL, "a mosaic: all slices of a volume as tiles of one picture"
    return None
