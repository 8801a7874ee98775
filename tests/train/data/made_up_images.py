"""Small made-up images and cases for the tests of the data package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality
from raddiag_train.data.records import CaseRecord, ScanRecord


def smooth_picture(seed: int, size_px: int = 64) -> np.ndarray:
    """A blurred random picture, uint8; two seeds give pictures that do not correlate."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((size_px, size_px), Image.Resampling.BICUBIC))


def write_picture(path: Path, seed: int, size_px: int = 64) -> Path:
    """Write `smooth_picture` as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(smooth_picture(seed, size_px)).save(path)
    return path


def case(
    number: int,
    *disorders: str,
    path: Path = Path("picture.png"),
    patient: str = "",
    split: str = "train",
    source: str = "",
    icd10cm: tuple[str, ...] = (),
) -> CaseRecord:
    """A case of one MRI of the head."""
    return CaseRecord(
        case_id=f"case-{number}",
        patient_id=patient,
        anatomy=Anatomy.HEAD_AND_NECK,
        split=split,
        scans=(ScanRecord(path, Modality.MRI),),
        disorders=disorders or ("Normal",),
        icd10cm=icd10cm,
        source=source,
    )
