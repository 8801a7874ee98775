"""One scan: its voxels, where they lie in the patient, what it is, and what is in doubt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases.identity import Identity
from raddiag_engine.cases.modality import Anatomy, Modality, Plane
from raddiag_engine.cases.warning import ScanWarning, WarningCode

if TYPE_CHECKING:
    from hashlib import _Hash

Kind = Literal["volume", "image", "cine"]
# Hashing these takes part of a second for a large volume; what a person says of a scan changes none of them.
LARGE = frozenset({"voxels", "affine"})


@dataclass(frozen=True)
class Window:
    """A grey-scale window in the units of the scan (DICOM PS3.3 C.11.2.1.2).

    Attributes:
        center: Window centre (0028,1050).
        width: Window width (0028,1051), positive.
        function: VOI LUT function (0028,1056): "LINEAR", "LINEAR_EXACT" or "SIGMOID".
        name: Explanation, such as "lung"; empty if the header gives none.
    """

    center: float
    width: float
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    name: str = ""


@dataclass(frozen=True, eq=False)
class Scan:
    """One 2D image, 3D volume or cine loop of one patient.

    Attributes:
        id: Short and stable, made from the content; holds no patient data.
        kind: "volume", "image" or "cine".
        voxels: (slice, row, column) for a volume, (row, column) for an image, (frame, row, column)
            for a cine loop; in `units`, after rescaling; luminance if the scan is in colour.
        affine: (4, 4), array index (slice, row, column, 1) to RAS+ millimetres (x right, y front, z up);
            an image has slice 0. None where the file does not say.
        spacing_mm: Distance between voxel centres along each axis of `voxels`, None if unknown.
        modality: One of the nine, or unknown.
        anatomy: Body region, or unknown.
        plane: Orientation of the slices or view of a projection.
        units: "HU", "SUVbw", "Bq/ml", "8-bit", "stored", or a unit named by the file.
        windows: The windows given by the header, first is the default.
        slice_places: Where the slices lie along the first axis if they are not evenly spaced: (0, 1, 3) says that slice
            number 2 lies where the affine puts index 3, as one is missing. None where the affine is right for all.
        inverted: True for MONOCHROME1: low values are bright. `voxels` keep the file's values.
        padding: Smallest and largest voxel value that means "no data", None if there is none.
        colour: (..., row, column, 3) uint8 for display, None for a grey scan.
        frame_time_ms: Time from one frame of a cine loop to the next, None if unknown.
        calibrated_region: (first row, last row, first column, last column) inside which alone `spacing_mm` holds, as in
            ultrasound; None if it holds everywhere.
        laterality: "L", "R", "B" for both sides, or empty.
        view: View of a projection in the header's own code, such as "PA", "MLO" or "CC"; empty if absent.
        patient_orientation: Letters of the direction in which columns follow one another along a row, and rows down a
            column, such as ("L", "F"), of a projection (0020,0020); None if absent.
        contrast_agent: True if the header names one, False if it says that there was none, None if it is silent.
        sources: The files it was read from.
        file_format: "DICOM", "NIfTI", "PNG", "JPEG", "TIFF" or "NPY".
        decoder: What decoded the pixels, for provenance; empty if not compressed.
        body_part: The header's own word for the body part, upper case; empty if absent.
        series_date: "YYYYMMDD" or empty.
        frame_of_reference: Digest of the frame of reference UID; scans with the same one share a space.
        identity: Whose scan it is; never printed.
        usable: False if the scan must not be given to the network by default.
        reason: Why it is not usable, None if it is.
        warnings: Everything in doubt.
    """

    id: str
    kind: Kind
    voxels: NDArray[Any]
    affine: NDArray[np.float64] | None = None
    spacing_mm: tuple[float, ...] | None = None
    modality: Modality = Modality.UNKNOWN
    anatomy: Anatomy = Anatomy.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    slice_places: tuple[float, ...] | None = None
    units: str = "stored"
    windows: tuple[Window, ...] = ()
    inverted: bool = False
    padding: tuple[float, float] | None = None
    colour: NDArray[np.uint8] | None = None
    frame_time_ms: float | None = None
    calibrated_region: tuple[int, int, int, int] | None = None
    laterality: str = ""
    view: str = ""
    patient_orientation: tuple[str, str] | None = None
    contrast_agent: bool | None = None
    sources: tuple[Path, ...] = ()
    file_format: str = ""
    decoder: str = ""
    body_part: str = ""
    series_date: str = ""
    frame_of_reference: str = ""
    identity: Identity = field(default_factory=Identity)
    usable: bool = True
    reason: str | None = None
    warnings: tuple[ScanWarning, ...] = ()

    def __post_init__(self) -> None:
        expected = 2 if self.kind == "image" else 3
        if self.voxels.ndim != expected:
            raise ValueError(f"a scan of kind {self.kind} has {expected} axes, not {self.voxels.ndim}")
        if self.affine is not None and self.affine.shape != (4, 4):
            raise ValueError(f"an affine is (4, 4), not {self.affine.shape}")
        if self.slice_places is not None and len(self.slice_places) != len(self.voxels):
            raise ValueError(f"{len(self.slice_places)} slice places for {len(self.voxels)} slices")

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.voxels.shape))
        return f"Scan({self.id}, {self.kind}, {self.modality}, {shape})"

    @property
    def is_volume(self) -> bool:
        """True if the first axis of `voxels` is depth."""
        return self.kind == "volume"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over everything that can change a diagnosis: values, geometry and what the scan is."""
        digest = self._hashed_values.copy()
        windows = tuple(replace(w, center=float(w.center), width=float(w.width)) for w in self.windows)
        padding = None if self.padding is None else tuple(float(bound) for bound in self.padding)
        words = (self.kind, self.modality, self.anatomy, self.plane, self.units, windows)
        digest.update(repr((*map(str, words), bool(self.inverted), padding, self.body_part)).encode())
        if self.slice_places is not None:
            digest.update(repr(tuple(round(float(place), 6) for place in self.slice_places)).encode())
        return digest.hexdigest()

    @cached_property
    def _hashed_values(self) -> _Hash:
        """The hash as far as values and geometry go; copied, never updated."""
        digest = hashlib.sha256()
        # The same numbers are the same scan, in whichever type or byte order a file or a person's choice brings them.
        voxels = np.ascontiguousarray(self.voxels, dtype=self.voxels.dtype.newbyteorder("<"))
        digest.update(f"{voxels.dtype.str}{voxels.shape}".encode())
        digest.update(voxels.view(np.uint8).reshape(-1).data)
        if self.affine is not None:
            digest.update(np.ascontiguousarray(self.affine, dtype="<f8").tobytes())
        return digest

    def __getstate__(self) -> dict[str, Any]:
        """Without what cannot be copied to another process."""
        return {name: value for name, value in self.__dict__.items() if name != "_hashed_values"}

    def changed(self, **fields: Any) -> Scan:
        """The same scan with other fields; as `dataclasses.replace`, but values hashed before are not hashed again."""
        other = replace(self, **fields)
        if "_hashed_values" in self.__dict__ and LARGE.isdisjoint(fields):
            other.__dict__["_hashed_values"] = self._hashed_values
        return other

    def warned(self, code: WarningCode, message: str, slices: tuple[int, ...] = ()) -> Scan:
        """The same scan with one more warning."""
        return self.changed(warnings=(*self.warnings, ScanWarning(code, message, slices)))

    def with_modality(self, modality: Modality, anatomy: Anatomy | None = None) -> Scan:
        """The same scan, said by a person to be of another modality (and anatomy); a guess is no longer one."""
        kept = tuple(w for w in self.warnings if w.code is not WarningCode.MODALITY_GUESSED)
        scan = self.changed(modality=modality, warnings=kept)
        return scan if anatomy is None else scan.with_anatomy(anatomy)

    def with_anatomy(self, anatomy: Anatomy) -> Scan:
        """The same scan, said by a person to be of another anatomy; a guess is no longer one."""
        kept = tuple(w for w in self.warnings if w.code is not WarningCode.ANATOMY_GUESSED)
        return self.changed(anatomy=anatomy, warnings=kept)

    def has_warning(self, code: WarningCode) -> bool:
        """True if one of its warnings is of this kind."""
        return any(warning.code is code for warning in self.warnings)
