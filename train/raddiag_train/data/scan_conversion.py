"""Scans of published data sets in formats that the engine does not read, converted once on import.

A MetaImage becomes NIfTI with its geometry; the others say nothing of where a voxel lies and become `.npy`, (row,
column, slice). The converted file is named by the digest of its source's path, as that may name a patient.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ReadError

METAIMAGE_TYPES = {
    "MET_CHAR": np.int8,
    "MET_UCHAR": np.uint8,
    "MET_SHORT": np.int16,
    "MET_USHORT": np.uint16,
    "MET_INT": np.int32,
    "MET_UINT": np.uint32,
    "MET_FLOAT": np.float32,
    "MET_DOUBLE": np.float64,
}
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
LARGEST_BYTES = 2**32


def convert_scan(source: Path, stored_as: str, folder: Path) -> Path:
    """The converted file of a scan; made unless one is there that is younger than its source.

    Args:
        source: File, or folder of slice pictures.
        stored_as: As in the descriptor: "slice pictures", "MetaImage", "npz" or "pickled array".
        folder: Of converted scans.

    Raises:
        ReadError: The source is damaged or holds something else.
    """
    suffix, write = _WRITERS[stored_as]
    digest = hashlib.sha256(str(source.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:20]
    target = folder / f"{digest}{suffix}"
    if not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns:
        with atomic_path(target) as unfinished:
            write(source, unfinished)
    return target


def _write_slice_pictures(source: Path, target: Path) -> None:
    from PIL import Image

    if not source.is_dir():
        raise ReadError(source, "should be a folder of slice pictures")
    pictures = sorted((p for p in source.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES), key=_slice_order)
    if not pictures:
        raise ReadError(source, "holds no slice picture")
    slices: list[NDArray[np.uint8]] = []
    for picture in pictures:
        try:
            with Image.open(picture) as image:
                slices.append(np.asarray(image.convert("L")))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ReadError(picture, f"cannot be read as a picture ({error})") from error
        if slices[-1].shape != slices[0].shape:
            raise ReadError(picture, f"is {slices[-1].shape}, but the first slice of its scan {slices[0].shape}")
    if len(slices) == 2:
        raise ReadError(source, "holds two slices, which are neither an image nor a volume")
    np.save(target, np.stack(slices, axis=-1))


def _slice_order(path: Path) -> tuple[int, str]:
    """By the last number in the name: slice 10 comes after slice 9."""
    numbers = re.findall(r"\d+", path.stem)
    return (int(numbers[-1]) if numbers else 0, path.name)


def _write_npz(source: Path, target: Path) -> None:
    """RAD-ChestCT: one array (slice, row, column) of Hounsfield units a file."""
    try:
        with np.load(source, allow_pickle=False) as arrays:
            names = arrays.files
            if len(names) != 1:
                raise ReadError(source, f"holds {len(names)} arrays; expected is one")
            array = arrays[names[0]]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ReadError(source, f"cannot be read as a compressed array ({error})") from error
    _save_slices_first(array, source, target)


class _ArrayUnpickler(pickle.Unpickler):
    """Nothing but plain numpy arrays: any other name in the pickle is refused before it is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _new_array
        if module in ("numpy.core.numeric", "numpy._core.numeric") and name == "_frombuffer":
            return _array_of_bytes
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return _plain_dtype
        if (module, name) == ("_codecs", "encode"):  # how Python 2 and protocol 2 store bytes
            return _latin1_bytes
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no array")


def _new_array(*_: Any) -> NDArray[Any]:
    return np.ndarray.__new__(np.ndarray, (0,), np.uint8)


def _array_of_bytes(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    return np.frombuffer(data, dtype=dtype).reshape(shape, order=order)


def _plain_dtype(text: Any, *_: Any) -> np.dtype[Any]:
    dtype = np.dtype(str(text), copy=True)  # a copy, as the pickle sets its byte order
    if dtype.kind not in "buif":
        raise pickle.UnpicklingError(f"its values are {dtype}, no numbers")
    return dtype


def _latin1_bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes are encoded as {encoding!r}")
    return text.encode("latin1")


def _write_pickled_array(source: Path, target: Path) -> None:
    """KneeMRI: one pickled array (slice, row, column) a file."""
    try:
        array = _ArrayUnpickler(io.BytesIO(source.read_bytes()), encoding="latin1").load()
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ReadError(source, f"cannot be read as a pickled array ({error})") from error
    if not isinstance(array, np.ndarray):
        raise ReadError(source, "holds no array")
    _save_slices_first(array, source, target)


def _save_slices_first(array: NDArray[Any], source: Path, target: Path) -> None:
    if array.ndim != 3 or array.dtype.kind not in "buif" or not array.size:
        raise ReadError(source, f"holds {array.shape} {array.dtype}; expected are numbers (slice, row, column)")
    np.save(target, np.ascontiguousarray(array.transpose(1, 2, 0)))


def _write_metaimage(source: Path, target: Path) -> None:
    """A `.mhd` header with its data, in ITK's LPS coordinates, as NIfTI, in RAS."""
    import nibabel

    header = _metaimage_header(source)
    try:
        size = [int(number) for number in header["DimSize"].split()]
        spacing_mm = [float(number) for number in header.get("ElementSpacing", "1 1 1").split()]
        offset_mm = [float(number) for number in header.get("Offset", header.get("Position", "0 0 0")).split()]
        matrix = [float(number) for number in header.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split()]
        dtype = np.dtype(METAIMAGE_TYPES[header["ElementType"]])
    except (KeyError, ValueError) as error:
        raise ReadError(source, f"its header lacks or garbles {error}") from error
    if [len(size), len(spacing_mm), len(offset_mm), len(matrix)] != [3, 3, 3, 9] or min(size) < 1:
        raise ReadError(source, "is no MetaImage of three axes")
    if header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False")) == "True":
        dtype = dtype.newbyteorder(">")
    voxels = np.frombuffer(_metaimage_bytes(source, header, int(np.prod(size)) * dtype.itemsize), dtype)
    affine = np.eye(4)
    # ITK writes the direction of each axis as one run of three numbers.
    affine[:3, :3] = np.array(matrix).reshape(3, 3).T * np.array(spacing_mm)
    affine[:3, 3] = offset_mm
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    native = voxels.reshape(size[::-1]).transpose(2, 1, 0).astype(dtype.newbyteorder("="))
    if native.dtype == np.int8:
        native = native.astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(native, affine, dtype=native.dtype), target)


def _metaimage_header(source: Path) -> dict[str, str]:
    try:
        lines = source.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(source, f"cannot be read as the header of a MetaImage ({error})") from error
    return {key.strip(): value.strip() for key, sign, value in (line.partition("=") for line in lines) if sign}


def _metaimage_bytes(source: Path, header: dict[str, str], expected: int) -> bytes:
    name = header.get("ElementDataFile", "")
    if not name or Path(name).name != name:
        raise ReadError(source, f"names its data {name!r}; expected is a file beside it")
    if expected > LARGEST_BYTES:
        raise ReadError(source, f"claims {expected} bytes")
    try:
        data = (source.parent / name).read_bytes()
        if header.get("CompressedData", "False") == "True":
            data = zlib.decompressobj().decompress(data, expected + 1)
    except (OSError, zlib.error) as error:
        raise ReadError(source.parent / name, f"cannot be read ({error})") from error
    if len(data) != expected:
        raise ReadError(source.parent / name, f"holds {len(data)} bytes; its header claims {expected}")
    return data


_WRITERS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "slice pictures": (".npy", _write_slice_pictures),
    "MetaImage": (".nii.gz", _write_metaimage),
    "npz": (".npy", _write_npz),
    "pickled array": (".npy", _write_pickled_array),
}
