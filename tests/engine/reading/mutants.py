"""Damaged copies of real files, for fuzzing: what number N of a seed is, is the same on every machine.

The files are those that pydicom and nibabel ship, and pictures and archives made of them by code.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from PIL import Image

LARGEST_BYTES = 150_000
HEADER_BYTES = 2000
DAMAGES = ("truncated", "bits flipped", "header bits flipped", "bytes overwritten", "a part cut out", "a part twice")


@dataclass(frozen=True)
class Mutant:
    """One damaged file.

    Attributes:
        name: Of the whole file.
        damage: One of `DAMAGES`.
        content: Its bytes.
    """

    name: str
    damage: str
    content: bytes


def whole_files() -> dict[str, bytes]:
    """The files to damage, by name; small ones, so that many can be tried."""
    found: dict[str, bytes] = {}
    homes = (Path(pydicom.__file__).parent / "data" / "test_files", Path(nibabel.__file__).parent)
    for home, pattern in zip(homes, ("*.dcm", "**/tests/data/*"), strict=True):
        for path in sorted(home.glob(pattern)):
            wanted = path.suffix in (".dcm", ".nii", ".hdr") or path.name.endswith((".nii.gz", ".dcm.gz"))
            if wanted and 0 < path.stat().st_size <= LARGEST_BYTES and "mprage" not in path.name:
                content = path.read_bytes()
                is_packed = path.name.endswith(".dcm.gz")
                found[path.name.removesuffix(".gz") if is_packed else path.name] = (
                    gzip.decompress(content) if is_packed else content
                )
    return {**found, **_made(found["CT_small.dcm"])}


def mutant(files: Mapping[str, bytes], seed: int, number: int) -> Mutant:
    """Damaged file number N of a seed."""
    rng = np.random.default_rng((seed, number))
    name = sorted(files)[int(rng.integers(len(files)))]
    damage = DAMAGES[int(rng.integers(len(DAMAGES)))]
    return Mutant(name, damage, _damaged(files[name], damage, rng))


def _damaged(content: bytes, damage: str, rng: np.random.Generator) -> bytes:
    size = len(content)
    if damage == "truncated":
        return content[: int(rng.integers(size))]
    if damage.endswith("bits flipped"):
        changed = np.frombuffer(content, np.uint8).copy()
        within = min(size, HEADER_BYTES) if damage.startswith("header") else size
        places = rng.integers(within, size=int(rng.choice((1, 2, 8, 64))))
        changed[places] ^= (1 << rng.integers(8, size=len(places))).astype(np.uint8)
        return changed.tobytes()
    start = int(rng.integers(size))
    end = min(size, start + int(rng.integers(1, 200)))
    if damage == "bytes overwritten":
        filling = bytes(rng.choice([0, 255], size=1).astype(np.uint8)) * (end - start)
        return content[:start] + (filling if rng.integers(2) else rng.bytes(end - start)) + content[end:]
    return content[:start] + (b"" if damage == "a part cut out" else content[start:end] * 2) + content[end:]


def _made(dicom: bytes) -> dict[str, bytes]:
    ramp = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    found = {
        "made.nii": nibabel.Nifti1Image(np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6), np.eye(4)).to_bytes()
    }
    found["made.nii.gz"] = gzip.compress(found["made.nii"], mtime=0)
    pictures: dict[str, tuple[Any, str]] = {
        "made.png": (ramp, "PNG"),
        "made.jpg": ((ramp // 16).astype(np.uint8), "JPEG"),
        "made.tif": (ramp, "TIFF"),
    }
    for name, (pixels, kind) in pictures.items():
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind)
        found[name] = buffer.getvalue()
    buffer = io.BytesIO()
    np.save(buffer, ramp)
    found["made.npy"] = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a/CT_small.dcm"), dicom)
        archive.writestr(zipfile.ZipInfo("b.nii"), found["made.nii"])
    found["made.zip"] = buffer.getvalue()
    return found
