"""Guesses where a file does not say what it is; each is marked as a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raddiag_engine.cases import Modality, Scan, WarningCode

# Hounsfield units: air is -1000, soft tissue lies around 0, and scanners go down to -1024 (some pad lower still).
AIR_HU = (-1100, -900)
SOFT_TISSUE_HU = (-200, 200)
LEAST_SHARE = 0.02
LEAST_MAXIMUM_HU = 200


def with_guessed_modality(scan: Scan) -> Scan:
    """The scan, called CT in Hounsfield units if its values are distributed like those; else as it is."""
    if scan.modality is not Modality.UNKNOWN or scan.colour is not None or not _looks_like_hounsfield(scan):
        return scan
    message = "the file does not say the modality; its values look like Hounsfield units, so that it is taken for CT"
    return replace(scan, modality=Modality.CT, units="HU").warned(WarningCode.MODALITY_GUESSED, message)


def _looks_like_hounsfield(scan: Scan) -> bool:
    values = scan.voxels
    if values.dtype.kind == "u" or not values.size:
        return False
    shares = [float(np.mean((values >= low) & (values <= high))) for low, high in (AIR_HU, SOFT_TISSUE_HU)]
    return min(shares) >= LEAST_SHARE and bool(np.nanmax(values) >= LEAST_MAXIMUM_HU)
