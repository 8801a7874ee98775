"""Whether values can be what their unit says: Hounsfield units that are shifted, uptake values that nobody has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Modality, Scan, ScanWarning, WarningCode

SAMPLED_VOXELS = 1_000_000
# Air is -1000 HU; scanners that clip do so at -1024. What is lower is padding, or shifted.
BELOW_AIR_HU = -1100
# A CT of a person has fat (-100), lung or air in it, and tissue around 0.
FAT_HU = -200
TISSUE_HU = (-300, 300)
LEAST_TISSUE, LEAST_SHARE = 0.02, 0.01
# Bladder and tracer depots reach 100 and more, but not a hundredth of all voxels; noise alone reaches 0.05.
HIGHEST_SUV, LOWEST_SUV = 50.0, 0.05


def sampled_values(scan: Scan) -> NDArray[Any]:
    """Finite values that are not padding; of a large scan, about a million on a regular grid."""
    step = max(math.ceil((scan.voxels.size / SAMPLED_VOXELS) ** (1 / scan.voxels.ndim)), 1)
    values = scan.voxels[(slice(None, None, step),) * scan.voxels.ndim].ravel()
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if scan.padding is not None:
        values = values[(values < scan.padding[0]) | (values > scan.padding[1])]
    return values


def range_warning(scan: Scan) -> ScanWarning | None:
    """What is wrong with the range of the values, None if nothing is or if their unit promises none."""
    values = sampled_values(scan)
    if not values.size:
        return None
    if scan.modality is Modality.CT and scan.units == "HU":
        message = _hounsfield_fault(values)
    elif scan.units == "SUVbw":
        message = _uptake_fault(values)
    else:
        return None
    return ScanWarning(WarningCode.VALUES_OUT_OF_RANGE, message) if message else None


def _hounsfield_fault(values: NDArray[Any]) -> str:
    # Corners that the header does not call padding lie below air too; but then there is tissue where tissue belongs.
    possible = values[values >= BELOW_AIR_HU]
    tissue = np.count_nonzero((values > TISSUE_HU[0]) & (values < TISSUE_HU[1])) / len(values)
    if tissue < LEAST_TISSUE and len(values) - len(possible) > LEAST_SHARE * len(values):
        return f"many values lie below {BELOW_AIR_HU} HU and few near 0: they may be shifted by about -1024"
    if not len(possible) or possible.min() == possible.max():
        return ""
    if possible.min() >= 0:
        return "no value is below 0 HU: there is no air, fat or lung in it, or they are shifted by about 1024"
    if np.percentile(possible, 1) > FAT_HU:
        return f"hardly a value is below {FAT_HU} HU: there is no air or lung in it, or they are shifted by about 1024"
    if tissue < LEAST_TISSUE:
        return f"hardly a value lies between {TISSUE_HU[0]} and {TISSUE_HU[1]} HU, where all tissue but bone lies"
    return ""


def _uptake_fault(values: NDArray[Any]) -> str:
    high = float(np.percentile(values, 99))
    top = float(values.max())
    if high > HIGHEST_SUV:
        return f"one in a hundred uptake values is above {HIGHEST_SUV:g}: the dose or the weight may be wrong"
    if top < LOWEST_SUV:
        return f"no uptake value is above {top:.2g}: the dose or the weight may be wrong"
    return ""
