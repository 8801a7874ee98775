"""Arrays on the wire: the safetensors format, written and read without a copy of the arrays.

Format: https://github.com/huggingface/safetensors#format. Eight bytes of header length (little endian), a JSON header,
and the arrays end to end. The library's own reader copies; a CT of 200 MB is worth the few lines.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.strict_json import read_object

LENGTH = struct.Struct("<Q")
ALIGNMENT_BYTES = 8
METADATA = "__metadata__"
DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
WORDS = {dtype: word for word, dtype in DTYPES.items()}
Part = bytes | memoryview


def dtype_word(dtype: np.dtype[Any]) -> str:
    """The format's name for a type of numbers, whatever its byte order.

    Raises:
        ProtocolError: It has none (complex numbers, objects, text).
    """
    try:
        return WORDS[dtype.newbyteorder("<")]
    except KeyError:
        raise ProtocolError(f"arrays of {dtype} cannot be sent; convert them to integers or floats") from None


def byte_count(word: str, shape: Sequence[int]) -> int:
    """Bytes of an array of that type and shape."""
    return math.prod(shape) * DTYPES[word].itemsize


def to_parts(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> list[Part]:
    """The file as a list of buffers, to be sent one after another; the arrays are not copied if they are contiguous.

    Raises:
        ProtocolError: An array of a type that the format lacks.
    """
    header: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    parts: list[Part] = []
    end = 0
    for name, array in arrays.items():
        word = dtype_word(array.dtype)
        flat = np.ascontiguousarray(array, dtype=DTYPES[word]).reshape(-1).view(np.uint8)
        header[name] = {"dtype": word, "shape": list(array.shape), "data_offsets": [end, end + flat.size]}
        end += flat.size
        parts.append(flat.data)
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % ALIGNMENT_BYTES)
    return [LENGTH.pack(len(text)) + text, *parts]


def from_bytes(
    body: bytes | bytearray | memoryview, max_header_bytes: int
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Arrays and metadata of a file; the arrays share the memory of `body`.

    Args:
        body: The whole file.
        max_header_bytes: A longer header is refused before it is read.

    Raises:
        ProtocolError: It is not a safetensors file, or announces anything else than the bytes it holds.
    """
    view = memoryview(body)
    if len(view) < LENGTH.size:
        raise ProtocolError("not a safetensors file: it is shorter than its header")
    (length,) = LENGTH.unpack(view[: LENGTH.size])
    if length > min(max_header_bytes, len(view) - LENGTH.size):
        raise ProtocolError("not a safetensors file: its header is too long")
    header = read_object(view[LENGTH.size : LENGTH.size + length])
    data = view[LENGTH.size + length :]
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ProtocolError("not a safetensors file: its metadata are not text")
    arrays, end = {}, 0
    for name, entry in header.items():
        word, shape, begin, stop = _announced(name, entry)
        if begin != end or stop - begin != byte_count(word, shape) or stop > len(data):
            raise ProtocolError(f"not a safetensors file: the place of {name[:40]!r} is wrong")
        arrays[name] = np.frombuffer(data[begin:stop], DTYPES[word]).reshape(shape)
        end = stop
    if end != len(data):
        raise ProtocolError("not a safetensors file: it holds bytes that belong to no array")
    return arrays, metadata


def sha256_of(parts: Sequence[Part]) -> str:
    """SHA-256 of the file that the parts make up."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _announced(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ProtocolError(f"not a safetensors file: {name[:40]!r} is not described by dtype, shape and data_offsets")
    word, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if word not in DTYPES:
        raise ProtocolError(f"{name[:40]!r} is of type {str(word)[:20]!r}; sent can be {', '.join(DTYPES)}")
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2 or len(shape) > 8:
        raise ProtocolError(f"not a safetensors file: shape or place of {name[:40]!r} are not numbers")
    return word, tuple(shape), offsets[0], offsets[1]


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)
