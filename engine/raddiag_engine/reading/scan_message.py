"""A scan as plain data and raw arrays, for the pipe between the guarded child and its parent; nothing is pickled."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy, Identity, Modality, Plane, Scan, ScanWarning, WarningCode, Window
from raddiag_engine.configuration import from_mapping, to_mapping

ARRAYS = ("voxels", "affine", "colour")
OPTIONAL_TUPLES = ("spacing_mm", "padding", "slice_places", "calibrated_region", "patient_orientation")


def scan_to_message(scan: Scan) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """The scan's fields as JSON data, and its arrays by name."""
    arrays = {name: getattr(scan, name) for name in ARRAYS if getattr(scan, name) is not None}
    plain = {f.name: to_mapping(getattr(scan, f.name)) for f in fields(scan) if f.name not in ARRAYS}
    return {**plain, "sources": [str(path) for path in scan.sources]}, arrays


def scan_from_message(plain: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Scan:
    """The inverse of `scan_to_message`."""
    typed = {
        "modality": Modality(plain["modality"]),
        "anatomy": Anatomy(plain["anatomy"]),
        "plane": Plane(plain["plane"]),
        "sources": tuple(map(Path, plain["sources"])),
        "windows": tuple(from_mapping(Window, window) for window in plain["windows"]),
        "identity": from_mapping(Identity, plain["identity"]),
        "warnings": tuple(
            ScanWarning(WarningCode(w["code"]), w["message"], tuple(w["slices"])) for w in plain["warnings"]
        ),
        **{name: None if plain[name] is None else tuple(plain[name]) for name in OPTIONAL_TUPLES},
    }
    return Scan(**{**plain, **typed, **arrays})
