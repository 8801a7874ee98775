"""Enhanced multi-frame DICOM files written by code: shared and per-frame functional groups of any modality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom.dataset import Dataset

from tests.engine.reading.dicom_files import AXIAL, write_slice


def item(**attributes: Any) -> Dataset:
    """A sequence item with attributes by keyword; a dict becomes a sequence of one item."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, [item(**value)] if isinstance(value, dict) else value)
    return dataset


def shared_groups(orientation: ArrayLike = AXIAL, spacing: Sequence[float] = (1.0, 1.0), **more: Any) -> list[Dataset]:
    """The shared functional groups: orientation, pixel spacing and others."""
    directions = [float(x) for x in np.array(orientation, dtype=float).ravel()]
    return [
        item(
            PlaneOrientationSequence={"ImageOrientationPatient": directions},
            **{"PixelMeasuresSequence": {"PixelSpacing": list(spacing)}, **more},
        )
    ]


def frame_groups(position: ArrayLike | None = None, **more: Any) -> Dataset:
    """The functional groups of one frame."""
    if position is not None:
        place = [float(x) for x in np.asarray(position)]
        more = {"PlanePositionSequence": {"ImagePositionPatient": place}, **more}
    return item(**more)


def write_enhanced(path: Path, stored: NDArray[Any], frames: Sequence[Dataset], **attributes: Any) -> Path:
    """Write (frame, row, column) stored values as one multi-frame file without a rescale of its own."""
    count, rows, columns = stored.shape
    return write_slice(
        path,
        stored.reshape(count * rows, columns),
        **{
            "Rows": rows,
            "NumberOfFrames": count,
            "PerFrameFunctionalGroupsSequence": list(frames),
            "RescaleSlope": None,
            "RescaleIntercept": None,
            **attributes,
        },
    )
