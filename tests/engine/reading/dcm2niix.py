"""The converter dcm2niix as an oracle of where voxels lie; tests that need it are skipped where it is absent."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from raddiag_engine.cases import Scan


def converted(folder: Path, output: Path) -> dict[str, Any]:
    """The NIfTI images that dcm2niix makes of a folder, by the name of their file."""
    beside = Path(sys.executable).with_name("dcm2niix")
    program = str(beside) if beside.is_file() else shutil.which("dcm2niix")
    if program is None:
        pytest.skip("needs dcm2niix (pip install dcm2niix), the oracle of where voxels lie")
    output.mkdir()
    command = [program, "-b", "n", "-z", "n", "-f", "%s_%e", "-o", str(output), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return {path.name: nibabel.load(path) for path in sorted(output.glob("*.nii"))}


def looked_up(image: Any, scan: Scan) -> tuple[NDArray[np.generic], NDArray[np.generic], float]:
    """Every voxel of a 3D image of dcm2niix, the scan's voxel at the same place, and how far off the grid that was.

    Returns:
        Values of theirs, values of ours, and the largest distance from a voxel centre of ours, in voxels.
    """
    theirs = np.asarray(image.dataobj)
    index = np.stack(np.meshgrid(*map(np.arange, theirs.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    world = nibabel.affines.apply_affine(image.affine, index)
    assert scan.affine is not None
    exact = nibabel.affines.apply_affine(np.linalg.inv(scan.affine), world)
    nearest = np.rint(exact).astype(int)
    assert (nearest >= 0).all() and (nearest < np.array(scan.voxels.shape)).all(), "a voxel of theirs is not in ours"
    return theirs.reshape(-1), scan.voxels[tuple(nearest.T)], float(np.abs(exact - nearest).max())
