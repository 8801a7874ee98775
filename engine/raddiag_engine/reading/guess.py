"""Guesses where a file does not say what it is; each is marked as a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raddiag_engine.cases import Modality, Scan, WarningCode
from raddiag_engine.reading.name_guess import file_name_of, with_guess_from_names
from raddiag_engine.reading.value_range import sampled_values

# Hounsfield units: air is -1000, soft tissue lies around 0, and scanners go down to -1024 (some pad lower still).
AIR_HU = (-1100, -900)
SOFT_TISSUE_HU = (-200, 200)
LEAST_SHARE = 0.02
LEAST_MAXIMUM_HU = 200


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
    return with_guess_from_names(scan, file_name_of(scan), ())


def _looks_like_hounsfield(scan: Scan) -> bool:
    values = sampled_values(scan)
    if values.dtype.kind == "u" or not values.size:
        return False
    shares = [float(np.mean((values >= low) & (values <= high))) for low, high in (AIR_HU, SOFT_TISSUE_HU)]
    return min(shares) >= LEAST_SHARE and bool(values.max() >= LEAST_MAXIMUM_HU)
