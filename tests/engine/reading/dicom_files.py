"""DICOM files written by code, so that a test knows every value in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def write_slice(path: Path, stored: NDArray[Any], **attributes: Any) -> Path:
    """Write one CT slice; attributes by DICOM keyword overwrite the defaults, None removes one."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID(attributes.get("SOPClassUID", CTImageStorage))
    meta.MediaStorageSOPInstanceUID = attributes.get("SOPInstanceUID", generate_uid())
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    defaults: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.2",
        "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.3",
        "Modality": "CT",
        "PatientID": "P1",
        "PatientName": "Test^Patient",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "SamplesPerPixel": 1 if stored.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 8 * stored.dtype.itemsize,
        "BitsStored": 8 * stored.dtype.itemsize,
        "HighBit": 8 * stored.dtype.itemsize - 1,
        "PixelRepresentation": 1 if stored.dtype.kind == "i" else 0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
    }
    for keyword, value in {**defaults, **attributes}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    stored: NDArray[Any],
    *,
    positions: Sequence[ArrayLike] | None = None,
    orientation: ArrayLike = AXIAL,
    spacing: tuple[float, float] = (1.0, 1.0),
    each: Callable[[int], dict[str, Any]] = lambda index: {},
    **attributes: Any,
) -> list[Path]:
    """Write (slice, row, column) stored values as one file a slice.

    Args:
        positions: LPS+ position of each slice; 2.5 mm apart along the normal by default.
        orientation: Directions along a row and down a column.
        spacing: Between rows, between columns.
        each: Attributes of the slice with this number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    directions = np.array(orientation, dtype=float)
    normal = np.cross(*directions)
    if positions is None:
        positions = [np.array([-10.0, 20.0, 30.0]) + 2.5 * i * normal for i in range(len(stored))]
    return [
        write_slice(
            folder / f"{index:04d}.dcm",
            stored[index],
            **{
                "ImagePositionPatient": [round(float(x), 6) for x in np.asarray(positions[index])],
                "ImageOrientationPatient": [float(x) for x in directions.ravel()],
                "PixelSpacing": list(spacing),
                "InstanceNumber": index + 1,
                **attributes,
                **each(index),
            },
        )
        for index in range(len(stored))
    ]


def noise(*shape: int, seed: int = 0) -> NDArray[np.int16]:
    """Stored values in which no two slices are alike."""
    return np.random.default_rng(seed).integers(0, 2000, shape, dtype=np.int16)


def functional_groups(positions: Sequence[ArrayLike], slopes: Sequence[float]) -> dict[str, Any]:
    """Shared and per-frame functional groups of an enhanced multi-frame file with axial frames."""
    shared = Dataset()
    plane, measures = Dataset(), Dataset()
    plane.ImageOrientationPatient = [x for direction in AXIAL for x in direction]
    measures.PixelSpacing = [0.5, 0.75]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    frames = []
    for position, slope in zip(positions, slopes, strict=True):
        frame, place, transformation = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [float(x) for x in np.asarray(position)]
        transformation.RescaleSlope, transformation.RescaleIntercept = slope, 0
        transformation.RescaleType = "US"
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [place], [transformation]
        frames.append(frame)
    return {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
