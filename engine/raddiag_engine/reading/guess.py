"""Guesses where a file does not say what it is; each is marked as a guess."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from raddiag_engine.cases import Modality, Scan, WarningCode
from raddiag_engine.reading.value_range import sampled_values

# Hounsfield units: air is -1000, soft tissue lies around 0, and scanners go down to -1024 (some pad lower still).
AIR_HU = (-1100, -900)
SOFT_TISSUE_HU = (-200, 200)
LEAST_SHARE = 0.02
LEAST_MAXIMUM_HU = 200
# Whole words of a file's name; "US" and "CR" only in capitals, as they mean other things too.
WORDS = {
    Modality.CT: r"(?i:ct|cta|ncct|cect|hrct|cbct)",
    Modality.MRI: r"(?i:mri?|mra|t1w?|t2w?|t1ce|t1gd|flair|dwi|swi|adc|bold)",
    Modality.XRAY: r"(?i:xr|cxr|x-?ray|radiographs?|dx)|CR",
    Modality.ULTRASOUND: r"(?i:ultrasound|usg|sonograph[a-z]*|sonogram)|US",
    Modality.MAMMOGRAPHY: r"(?i:mammo[a-z]*|mlo)",
    Modality.FLUOROSCOPY: r"(?i:fluoro[a-z]*)",
    Modality.NUCLEAR_MEDICINE: r"(?i:pet|spect|scintigra[a-z]*)",
    Modality.DSA: r"(?i:dsa)",
    Modality.BARIUM_ENEMA: r"(?i:barium)",
}


def with_guessed_modality(scan: Scan) -> Scan:
    """The scan with a modality guessed from its values, else from its file's name; else as it is.

    Values that are distributed like Hounsfield units make it a CT. A name that holds words of one modality, such as
    "chest_xray", makes it that; a name with words of several says nothing.
    """
    if scan.modality is not Modality.UNKNOWN:
        return scan
    if scan.colour is None and _looks_like_hounsfield(scan):
        message = (
            "the file does not say the modality; its values look like Hounsfield units, so that it is taken for CT"
        )
        return replace(scan, modality=Modality.CT, units="HU").warned(WarningCode.MODALITY_GUESSED, message)
    named = _modality_of_name(scan)
    if named is None:
        return scan
    message = f"the file does not say the modality; it is taken for {named.value} after a word in the file's name"
    return replace(scan, modality=named).warned(WarningCode.MODALITY_GUESSED, message)


def _modality_of_name(scan: Scan) -> Modality | None:
    name = scan.sources[0].name.partition(".")[0] if scan.sources else ""
    found = [
        modality for modality, words in WORDS.items() if re.search(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", name)
    ]
    return found[0] if len(found) == 1 else None


def _looks_like_hounsfield(scan: Scan) -> bool:
    values = sampled_values(scan)
    if values.dtype.kind == "u" or not values.size:
        return False
    shares = [float(np.mean((values >= low) & (values <= high))) for low, high in (AIR_HU, SOFT_TISSUE_HU)]
    return min(shares) >= LEAST_SHARE and bool(values.max() >= LEAST_MAXIMUM_HU)
