"""NIfTI-1 and NIfTI-2: `.nii`, `.nii.gz` and `.hdr/.img` pairs, through nibabel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import affine as geometry
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.few_slices import volume_or_images
from raddiag_engine.reading.finish import finish
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.guess import with_guessed_modality
from raddiag_engine.reading.limits import check_size
from raddiag_engine.reading.nifti_values import read_values

MILLIMETRES_PER_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
SFORM_QFORM_TOLERANCE_MM = 1.0


def read_nifti(path: Path) -> list[Scan]:
    """The scans in a NIfTI file: one volume, or one image per slice if there are one or two.

    The file's third axis becomes the slices, its second the rows, its first the columns. Of several volumes the first
    is taken, with a warning. Values are scaled by scl_slope and scl_inter where these are set.

    Raises:
        ReadError: Damaged, not real-valued, more than four axes, or an affine that is singular.
    """
    with as_read_error(path, "read this NIfTI file"):
        image = nibabel.load(header_of_pair(path))
        shape = _shape_4d(path, image.shape)
        check_size(path, (shape[2], shape[1], shape[0]), max(image.dataobj.dtype.itemsize, 4))
        voxels, colour = read_values(path, image.dataobj, shape[:3])
        affine, spacing_mm, doubt = _geometry(path, image)
    scan = Scan(
        id="",
        kind="volume",
        voxels=voxels,
        affine=affine,
        spacing_mm=spacing_mm,
        plane=Scan.plane if affine is None else geometry.plane(affine),
        colour=colour,
        sources=_files(path),
        file_format=FileFormat.NIFTI.value,
    )
    if doubt:
        scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, doubt)
    if shape[3] > 1:
        message = f"the file holds {shape[3]} volumes of one place (4D); the first is used"
        scan = scan.warned(WarningCode.CONTENT_FOUR_DIMENSIONAL, message)
    if colour is not None:
        scan = scan.warned(WarningCode.CONTENT_COLOUR, "a colour volume; the network is given its luminance")
    return [finish(part) for part in volume_or_images(with_guessed_modality(scan))]


def header_of_pair(path: Path) -> Path:
    """The header beside an `.img` file; any other path as it is."""
    if path.suffix.lower() != ".img":
        return path
    for suffix in (".hdr", ".HDR"):
        if path.with_suffix(suffix).is_file():
            return path.with_suffix(suffix)
    return path


def _files(path: Path) -> tuple[Path, ...]:
    if path.suffix.lower() != ".hdr":
        return (path,)
    return (path, *(p for p in (path.with_suffix(".img"), path.with_suffix(".IMG")) if p.is_file()))


def _shape_4d(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The lengths (i, j, k, volume), after dropping trailing axes of length 1."""
    lengths = list(shape)
    while len(lengths) > 3 and lengths[-1] == 1:
        lengths.pop()
    if len(lengths) > 4:
        raise ReadError(path, f"has {len(lengths)} axes (vectors or components), not an image")
    if len(lengths) < 2:
        raise ReadError(path, "has fewer than two axes; there is no image in it")
    i, j, k, volumes = (*lengths, 1, 1)[:4]
    return i, j, k, volumes


def _geometry(path: Path, image: Any) -> tuple[geometry.Affine | None, tuple[float, ...] | None, str]:
    """Affine and spacing, and what is in doubt about them: the sform if it is set, else the qform, else none."""
    header = image.header
    unit = MILLIMETRES_PER_UNIT.get(header.get_xyzt_units()[0], 1.0)
    sform, qform = header.get_sform(coded=True)[0], header.get_qform(coded=True)[0]
    if sform is None and qform is None:
        zooms = [float(z) * unit for z in header.get_zooms()[:3]]
        known = len(zooms) == 3 and all(math.isfinite(zoom) and zoom > 0 for zoom in zooms)
        return (
            None,
            tuple(reversed(zooms)) if known else None,
            "neither sform nor qform is set: left and right are unknown",
        )
    chosen = np.diag([unit, unit, unit, 1.0]) @ (qform if sform is None else sform)
    affine = geometry.affine_from_ijk(chosen)
    if geometry.is_singular(affine):
        raise ReadError(
            path, f"its {'qform' if sform is None else 'sform'} is singular: it does not say where the voxels lie"
        )
    doubt = ""
    if sform is not None and qform is not None:
        corners = np.array([(i, j, k, 1) for i in (0, image.shape[0]) for j in (0, image.shape[1]) for k in (0, 1)]).T
        apart = float(np.abs((sform - qform) @ corners).max()) * unit
        if apart > SFORM_QFORM_TOLERANCE_MM:
            doubt = f"sform and qform disagree by up to {apart:.1f} mm; the sform is used"
    return affine, geometry.spacing_mm(affine), doubt
