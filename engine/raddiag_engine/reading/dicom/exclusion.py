"""Which images a network should not see unless a person says so, and why."""

from __future__ import annotations

import re

from raddiag_engine.cases import WarningCode
from raddiag_engine.reading.dicom.content import STORAGE
from raddiag_engine.reading.dicom.frame import Frame

SECONDARY_CAPTURE = STORAGE + "7"
VISIBLE_LIGHT = STORAGE + "77."
NOT_SCANS = {
    STORAGE + "66.4": "a segmentation",
    STORAGE + "66.7": "a segmentation",
    STORAGE + "30": "a parametric map",
    STORAGE + "481.1": "a radiotherapy image",
    STORAGE + "481.2": "a radiotherapy dose grid",
}
# Names of series are written with underscores and numbers around them, so that \b does not do. Of sliced scans only: a
# scanogram of the legs is a radiograph.
SLICED = {"CT", "MR", "PT"}
LOCALIZER_WORDS = re.compile(
    r"(?<![A-Z])(LOCALI[SZ]ERS?|LOC|SCOUTS?|TOPOGRAMS?|SURVIEW|SCANOGRAM|SURVEY|3[- ]?PLANE|SMART ?PREP|BOLUS TRACKING"
    r"|CARE ?BOLUS|PRE ?MONITORING|MONITORING|TEST BOLUS|CALIBRATION)(?![A-Z])"
)
PROJECTIONS_OF_NM = {"TOMO", "GATED TOMO"}
LOCALIZER_TYPES = {"LOCALIZER", "SCOUT"}
REPORT_WORDS = re.compile(
    r"(?<![A-Z])(DOSE[ _](REPORT|INFO|RECORD|SUMMARY)|PATIENT[ _]PROTOCOL|SCREEN[ _]?SAVE|EXAM[ _]SUMMARY)(?![A-Z])"
)


def why_unusable(frame: Frame) -> tuple[WarningCode, str] | None:
    """Why a network should not see this image unless a person says so; None if it should."""
    instance = frame.instance
    description = instance.header.text("SeriesDescription").upper()
    if instance.sop_class in NOT_SCANS:
        return WarningCode.CONTENT_NOT_AN_IMAGE, f"{NOT_SCANS[instance.sop_class]}, not a scan"
    if REPORT_WORDS.search(" | ".join((description, *frame.image_type))):
        return WarningCode.CONTENT_NOT_AN_IMAGE, "a dose report or a saved screen, not a scan"
    if instance.sop_class == SECONDARY_CAPTURE or instance.sop_class.startswith(SECONDARY_CAPTURE + "."):
        return WarningCode.CONTENT_NOT_AN_IMAGE, "a secondary capture (a picture of a screen or film), not a scan"
    if instance.sop_class.startswith(VISIBLE_LIGHT):
        return WarningCode.CONTENT_NOT_AN_IMAGE, "a photograph or microscopy, not a radiological scan"
    if LOCALIZER_TYPES & set(frame.image_type) or (instance.modality in SLICED and LOCALIZER_WORDS.search(description)):
        return WarningCode.CONTENT_LOCALIZER, "a localizer, made to plan or to time other scans"
    if instance.modality == "NM" and PROJECTIONS_OF_NM & set(frame.image_type):
        text = "projections from around the patient (nuclear medicine, TOMO), not slices"
        return WarningCode.CONTENT_NOT_FOR_PRESENTATION, text
    if instance.header.text("PresentationIntentType").upper() == "FOR PROCESSING":
        return WarningCode.CONTENT_NOT_FOR_PRESENTATION, "raw detector data (FOR PROCESSING), not what a reader sees"
    if "MOSAIC" in frame.image_type and frame.tile is None:
        text = "a mosaic: all slices of a volume as tiles of one picture, and the header does not say how they lie"
        return WarningCode.CONTENT_MOSAIC, text
    return None
