"""Whether words may be burned into a picture, by rule, as no program sees it for certain.

Refused are:
- pictures whose header says so, (0028,0301) YES;
- where the header says nothing, those of kinds that are known for it: ultrasound, endoscopy and photographs, secondary
  captures of every sort, digitised films, pictures whose type or description says that they show a screen, a report or
  a protocol, and colour pictures of what is taken in grey (CT, MR, X-ray), which are renderings or screens.
"""

from __future__ import annotations

from raddiag_engine.reading.dicom.header import Header

STORAGE = "1.2.840.10008.5.1.4.1.1."
CAPTURES = (STORAGE + "7", STORAGE + "77.", STORAGE + "6.", STORAGE + "3.")
MODALITIES = frozenset({"US", "IVUS", "ES", "XC", "GM", "SM", "OT", "SC", "DOC", "OP", "OPT", "BI", "DG"})
GREY_MODALITIES = frozenset({"CT", "MR", "PT", "NM", "CR", "DX", "MG", "XA", "RF"})
CONVERTED = frozenset({"DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"})
SCREEN_WORDS = frozenset(
    {"SCREEN", "SCREENSHOT", "SCREENSAVE", "CAPTURE", "DOSE", "PROT", "PROTOCOL", "REPORT", "SUMMARY"}
)


def why_words_are_likely(header: Header) -> str | None:
    """Why words may be burned into the picture, None if they are not to be expected."""
    said = header.text("BurnedInAnnotation").upper()
    if said == "YES":
        return "its header says that words are burned into the picture"
    if said == "NO":
        return None
    sop_class, modality = header.text("SOPClassUID"), header.text("Modality").upper()
    if sop_class.startswith(CAPTURES) or modality in MODALITIES or not modality:
        return "of such a picture, words may be burned into it, and its header does not say"
    if header.text("ConversionType").upper() in CONVERTED:
        return "it was converted from a film or a screen, and its header does not say whether words are burned into it"
    types = {word for value in header.texts("ImageType") for word in value.upper().replace("_", " ").split()}
    described = set(header.text("SeriesDescription").upper().replace("_", " ").split())
    if types & SCREEN_WORDS or described & SCREEN_WORDS:
        return "it seems to show a screen or a report, and its header does not say whether words are burned into it"
    is_colour = header.integer("SamplesPerPixel", 1) > 1 or header.text("PhotometricInterpretation") == "PALETTE COLOR"
    if modality in GREY_MODALITIES and is_colour:
        return "a colour picture of this modality seems to show a screen, and its header does not say"
    return None
