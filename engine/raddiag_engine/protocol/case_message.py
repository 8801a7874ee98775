"""A case as the engine needs it: what its scans are and where they lie; never whose they are.

Identity, file names, dates, frame of reference and colour stay with the client. Voxels travel apart, under their hash;
scans that are not in use have none, but are named all the same, so that the result accounts for every scan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy, Case, Modality, Plane, Scan, ScanWarning, Skipped, Window
from raddiag_engine.cases.scan import Kind
from raddiag_engine.configuration import from_mapping
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.tensors import DTYPES, byte_count, dtype_word
from raddiag_engine.protocol.voxels import SHA256

MAX_SCANS = 4096
MAX_TEXT = 4096
MAX_WARNINGS = 256
Row = tuple[float, float, float, float]


@dataclass(frozen=True)
class ScanMessage:
    """One scan without its voxels.

    Attributes:
        id: As in the case; a key, never a path.
        shape: Of the voxels.
        dtype: Of the voxels, in the words of safetensors.
        voxels: SHA-256 of the file that holds them; None if the scan is not in use.
        affine: Its four rows; None where the file does not say.

    The others are those of `Scan`.
    """

    id: str
    kind: Kind
    shape: tuple[int, ...]
    dtype: str
    voxels: str | None = None
    affine: tuple[Row, Row, Row, Row] | None = None
    spacing_mm: tuple[float, ...] | None = None
    modality: Modality = Modality.UNKNOWN
    anatomy: Anatomy = Anatomy.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    units: str = "stored"
    windows: tuple[Window, ...] = ()
    inverted: bool = False
    padding: tuple[float, float] | None = None
    body_part: str = ""
    usable: bool = True
    reason: str | None = None
    warnings: tuple[ScanWarning, ...] = ()

    def __post_init__(self) -> None:
        texts = (self.id, self.units, self.body_part, self.reason or "", *(w.message for w in self.warnings))
        if not self.id or any(len(text) > MAX_TEXT for text in texts) or len(self.warnings) > MAX_WARNINGS:
            raise ValueError("a scan has an id, and no text or list of warnings is endless")
        if len(self.shape) != (2 if self.kind == "image" else 3) or min(self.shape) < 1:
            raise ValueError(f"a scan of kind {self.kind} is not of shape {self.shape}")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype is one of {', '.join(DTYPES)}")
        if self.voxels is not None and not SHA256.fullmatch(self.voxels):
            raise ValueError("voxels are named by the 64 lower-case hex digits of their SHA-256")

    @property
    def byte_count(self) -> int:
        """Bytes of the voxels."""
        return byte_count(self.dtype, self.shape)


@dataclass(frozen=True)
class CaseMessage:
    """One patient's scans, without naming the patient.

    Attributes:
        scans: In the order of the case, those that are not in use included.
        excluded: Ids of usable scans that a person left out.
        overridden: Ids of unusable scans that a person wants used all the same.
        skipped_files: How many files gave no scan; their names stay with the client.
    """

    scans: tuple[ScanMessage, ...]
    excluded: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    skipped_files: int = 0

    def __post_init__(self) -> None:
        ids = {scan.id for scan in self.scans}
        if len(ids) != len(self.scans) or len(ids) > MAX_SCANS:
            raise ValueError(f"scans have ids of their own, and there are at most {MAX_SCANS}")
        if not ids >= {*self.excluded, *self.overridden}:
            raise ValueError("excluded or overridden names a scan that is not in the case")
        if self.skipped_files < 0:
            raise ValueError("skipped_files is a count")
        for scan in self.scans:
            used = scan.id not in self.excluded and (scan.usable or scan.id in self.overridden)
            if used != (scan.voxels is not None):
                raise ValueError(f"scan {scan.id}: exactly the scans in use have voxels")

    @property
    def voxels(self) -> dict[str, ScanMessage]:
        """SHA-256 -> a scan that needs these voxels."""
        return {scan.voxels: scan for scan in self.scans if scan.voxels is not None}


def case_to_message(case: Case, name_of: Callable[[NDArray[Any]], str]) -> CaseMessage:
    """What is sent of a case.

    Args:
        case: As it was read.
        name_of: Voxels -> SHA-256 of the file they are sent in; asked for the scans in use only.

    Raises:
        ProtocolError: Voxels of a type that cannot be sent.
    """
    ids = {scan.id for scan in case.scans}
    return CaseMessage(
        scans=tuple(_to_message(scan, name_of(scan.voxels) if case.is_used(scan) else None) for scan in case.scans),
        excluded=tuple(sorted(case.excluded & ids)),
        overridden=tuple(sorted(case.overridden & ids)),
        skipped_files=len(case.skipped),
    )


def case_from_message(message: CaseMessage, scan_from: Callable[[ScanMessage], Scan]) -> Case:
    """The case as the engine sees it; its hash is that of the case it was made from.

    Args:
        message: As sent.
        scan_from: Makes a scan of a message, with its voxels, or with `stand_in` where it has none.
    """
    return Case(
        scans=tuple(map(scan_from, message.scans)),
        skipped=(Skipped(Path(), ""),) * message.skipped_files,
        excluded=frozenset(message.excluded),
        overridden=frozenset(message.overridden),
    )


def scan_from_message(message: ScanMessage, voxels: Mapping[str, NDArray[Any]]) -> Scan:
    """A scan with its voxels; one that is not in use gets a stand-in of that shape, which takes no memory.

    Raises:
        ProtocolError: The voxels are not of the type and shape that the message says.
    """
    if message.voxels is None:
        array = np.broadcast_to(np.zeros((), DTYPES[message.dtype]), message.shape)
    else:
        array = voxels[message.voxels]
        if array.shape != message.shape or dtype_word(array.dtype) != message.dtype:
            raise ProtocolError(f"scan {message.id}: its voxels are not of the announced type and shape")
    return Scan(
        id=message.id,
        kind=message.kind,
        voxels=array,
        affine=None if message.affine is None else np.array(message.affine, dtype=np.float64),
        spacing_mm=message.spacing_mm,
        modality=message.modality,
        anatomy=message.anatomy,
        plane=message.plane,
        units=message.units,
        windows=message.windows,
        inverted=message.inverted,
        padding=message.padding,
        body_part=message.body_part,
        usable=message.usable,
        reason=message.reason,
        warnings=message.warnings,
    )


def case_message_from(data: Mapping[str, Any]) -> CaseMessage:
    """A message from JSON data.

    Raises:
        ConfigError: An unknown, missing or wrong part, named.
    """
    return from_mapping(CaseMessage, data, "case")


def _to_message(scan: Scan, name: str | None) -> ScanMessage:
    return ScanMessage(
        id=scan.id,
        kind=scan.kind,
        shape=tuple(map(int, scan.voxels.shape)),
        dtype=dtype_word(scan.voxels.dtype),
        voxels=name,
        affine=None if scan.affine is None else _rows(scan.affine),
        spacing_mm=None if scan.spacing_mm is None else tuple(map(float, scan.spacing_mm)),
        modality=scan.modality,
        anatomy=scan.anatomy,
        plane=scan.plane,
        units=scan.units,
        windows=scan.windows,
        inverted=bool(scan.inverted),
        padding=None if scan.padding is None else (float(scan.padding[0]), float(scan.padding[1])),
        body_part=scan.body_part,
        usable=scan.usable,
        reason=scan.reason,
        warnings=scan.warnings,
    )


def _rows(affine: NDArray[np.float64]) -> tuple[Row, Row, Row, Row]:
    first, second, third, fourth = ((float(a), float(b), float(c), float(d)) for a, b, c, d in affine)
    return first, second, third, fourth
