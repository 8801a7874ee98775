"""Phantom scans and masks as NIfTI files whose bytes depend on nothing but their content."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan
from raddiag_engine.reading.affine import affine_to_ijk


def write_scan(scan: Scan, path: Path) -> None:
    """Write the voxels with their affine; an image becomes a volume of one slice."""
    path.write_bytes(_nifti_bytes(scan.voxels, scan))


def write_mask(mask: NDArray[np.bool_], scan: Scan, path: Path) -> None:
    """Write a mask on the grid of `scan`, 0 and 1, compressed."""
    path.write_bytes(gzip.compress(_nifti_bytes(mask.astype(np.uint8), scan), mtime=0))


def _nifti_bytes(voxels: NDArray[np.generic], scan: Scan) -> bytes:
    volume = voxels if voxels.ndim == 3 else voxels[None]
    assert scan.affine is not None
    image = nibabel.Nifti1Image(volume.transpose(2, 1, 0), affine_to_ijk(scan.affine))
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"synthetic phantom, not a patient"
    return bytes(image.to_bytes())
