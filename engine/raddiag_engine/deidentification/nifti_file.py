"""One NIfTI file without the texts of its header and without extensions, its voxels as they are."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import nibabel
import numpy as np

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.limits import check_size

TEXTS = ("data_type", "db_name", "descrip", "aux_file", "intent_name", "unused_str")
BYTES_AT_ONCE = 2**22


def copy_nifti(path: Path, target: Path) -> int:
    """Write the copy of one `.nii` or `.nii.gz` file.

    Args:
        path: The file.
        target: Without suffix.

    Returns:
        Its number of slices.

    Raises:
        ReadError: It is damaged, or one of a pair; nothing is written.
    """
    is_compressed = path.open("rb").read(2) == b"\x1f\x8b"
    with as_read_error(path, "copy this NIfTI file"):
        image = nibabel.load(path)
        header = image.header
        if len(image.files_types) != 1:
            raise ReadError(path, "one of a pair of header and image; convert it to a .nii.gz file")
        shape = image.shape
        check_size(path, (shape[2] if len(shape) > 2 else 1, *shape[1::-1]), header.get_data_dtype().itemsize)
        voxel_bytes = math.prod(shape) * header.get_data_dtype().itemsize
        start = int(image.dataobj.offset)
        with (
            atomic_path(target.with_name(target.name + (".nii.gz" if is_compressed else ".nii"))) as temporary,
            gzip.open(path) if is_compressed else path.open("rb") as source,
            _writer(temporary, is_compressed) as copy,
        ):
            size = header.template_dtype.itemsize
            if start < size:
                raise ReadError(path, "its voxels begin inside its header")
            copy.write(_without_texts(source.read(size), header.template_dtype))
            source.read(start - size)
            copy.write(bytes(start - size))  # no extension follows
            _copy_bytes(source, copy, voxel_bytes)
    return int(shape[2]) if len(shape) > 2 else 1


def _without_texts(raw: bytes, layout: np.dtype[np.void]) -> bytes:
    content = np.frombuffer(bytearray(raw), layout, 1)
    for name in TEXTS:
        if name in (layout.names or ()):
            content[name] = b""
    return content.tobytes()


@contextmanager
def _writer(path: Path, is_compressed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if not is_compressed:
            yield file
            return
        # Neither name nor time of the original.
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0, compresslevel=6) as compressed:
            yield compressed  # type: ignore[misc]


def _copy_bytes(source: gzip.GzipFile | IO[bytes], copy: IO[bytes], count: int) -> None:
    while count:
        part = source.read(min(count, BYTES_AT_ONCE))
        if not part:
            raise EOFError
        copy.write(part)
        count -= len(part)
