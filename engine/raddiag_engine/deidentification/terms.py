"""Attributes whose values are terms out of the standard's own lists (PS3.3): any other value may be a name.

A term stays whatever a patient is called: there are people called Primary and Mr.
"""

from __future__ import annotations

import re

from raddiag_engine.deidentification.allowed_attributes import CODING_SCHEMES

MODALITIES = """
AR ASMT AS AU BDUS BI BMD CD CF CR CT CTPROTOCOL CS DD DG DF DM DOC DS DX EC ECG EEG EMG EOG EPS ES FA FID FS GM HC HD
IO IOL IVOCT IVUS KER KO LEN LP LS MA MG MR M3D MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT
PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SC SEG SM SMR SR SRF ST STAIN TG
TEXTUREMAP US VA VF XA XAPROTOCOL XC
"""
POSITIONS = "HFP HFS HFDR HFDL FFP FFS FFDR FFDL LFP LFS RFP RFS AFDR AFDL PFDR PFDL SITTING"
VIEWS = """
AP PA LL RL RLD LLD RLO LLO LAT LATERAL FRONTAL ML LM MLO LMO CC CCID XCC XCCL XCCM FB SIO ISO AT RL RM TAN CV ROLL
AXIAL OBLIQUE LAO RAO LPO RPO SWIMMERS SUNRISE MORTISE INLET OUTLET DECUB SUPINE PRONE ERECT
"""
UNITS = (
    "CNTS NONE CM2 CM2ML PCNT CPS BQML MGMINML UMOLMINML MLMING MLG 1CM UMOLML PROPCNTS PROPCPS MLMINML MLML GML STDDEV"
)
RESCALES = """
HU US OD Z_EFF ED EDW HU_MOD PCT MGML NONE UNSPECIFIED NORMALIZED EV STORED GY RELATIVE BQML CNTS GML SUV ADC
"""
PHOTOMETRIC = """
MONOCHROME1 MONOCHROME2 RGB HSV ARGB CMYK XYB YBR_FULL YBR_FULL_422 YBR_PARTIAL_422 YBR_PARTIAL_420 YBR_ICT YBR_RCT
"""
IMAGE_TYPE_WORDS = """
ORIGINAL DERIVED PRIMARY SECONDARY OTHER AXIAL LOCALIZER SCOUT REFORMATTED MPR MIP MINIP MIXED VOLUME STATIC DYNAMIC
TOMO GATED RECON REPROJECTION M FFE M_FFE M_SE M_IR P R I PHASE MAG MAGNITUDE REAL IMAGINARY ND NORM DIS2D DIS3D FM ADC
TRACEW DIFFUSION MOSAIC SUB PROJECTION FILTERED RESAMPLED PERFUSION NONE DEFAULT BIPLANE A B TOMOSYNTHESIS AVERAGE
VALUES MEDIAN MAXIMUM MINIMUM T1 T2 PROTON_DENSITY ANGIO CINE WHOLE BODY SINGLE PLANE CSA
"""
SIDES = frozenset({"L", "R", "B", "U"})
YES_NO = frozenset({"YES", "NO"})
DIRECTION = re.compile(r"[RLAPHF]{0,3}|(CD|CR|LE|RT|DO|VE|ME|LA|PR|DI|PL|PA)+")


def _terms(text: str) -> frozenset[str]:
    return frozenset(text.split())


TERMS: dict[str, frozenset[str]] = {
    "Modality": _terms(MODALITIES),
    "PhotometricInterpretation": _terms(PHOTOMETRIC) | {"PALETTE COLOR"},
    "PresentationLUTShape": _terms("IDENTITY INVERSE") | {"LIN OD"},
    "LossyImageCompression": frozenset({"00", "01"}),
    "BurnedInAnnotation": YES_NO,
    "RecognizableVisualFeatures": YES_NO,
    "VOILUTFunction": _terms("LINEAR LINEAR_EXACT SIGMOID"),
    "PatientOrientation": frozenset(),  # by DIRECTION
    "PatientPosition": _terms(POSITIONS),
    "ImageLaterality": SIDES,
    "Laterality": SIDES,
    "FrameLaterality": SIDES,
    "PixelPresentation": _terms("MONOCHROME COLOR MIXED TRUE_COLOR COLOR_RANGE"),
    "Units": _terms(UNITS),
    "SUVType": _terms("BSA BW LBM LBMJAMES128 LBMJANMA IBW"),
    "PresentationIntentType": frozenset({"FOR PRESENTATION", "FOR PROCESSING"}),
    "ViewPosition": _terms(VIEWS),
    "RescaleType": _terms(RESCALES),
    "ModalityLUTType": _terms(RESCALES),
    "DoseUnits": _terms("GY RELATIVE"),
    "RecommendedViewingMode": _terms("SUB NAT"),
    "MaskOperation": _terms("NONE AVG_SUB TID REV_TID"),
    "CodingSchemeDesignator": CODING_SCHEMES,
}
# Where leaving a value out would say something else: without a unit, values of CT are Hounsfield units.
OTHER = {"Modality": "OT", "RescaleType": "UNSPECIFIED", "ModalityLUTType": "UNSPECIFIED", "Units": "NONE"}
IMAGE_TYPES = _terms(IMAGE_TYPE_WORDS)


def is_term(keyword: str, values: list[str]) -> bool:
    """True if all values of an attribute are of its list, or empty."""
    if keyword == "PatientOrientation":
        return all(map(DIRECTION.fullmatch, values))
    return TERMS[keyword].issuperset(value.upper() for value in values if value)
