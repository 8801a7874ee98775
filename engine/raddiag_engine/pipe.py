"""Messages on a pipe: a length, JSON, and the bytes of the arrays that the JSON announces."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

LENGTH = struct.Struct("<Q")
Arrays = dict[str, NDArray[Any]]


def send(pipe: IO[bytes], message: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write one message."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    announced = {name: [array.dtype.str, array.shape] for name, array in contiguous.items()}
    head = json.dumps({**message, "arrays": announced}).encode("ascii")
    pipe.write(LENGTH.pack(len(head)) + head)
    for array in contiguous.values():
        pipe.write(array.reshape(-1).view(np.uint8).data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
    """Read one message; the arrays are read straight into the memory they stay in.

    Raises:
        EOFError: The other end is gone.
    """
    (length,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    message = json.loads(_exactly(pipe, length))
    arrays: Arrays = {}
    for name, (dtype, shape) in message.pop("arrays").items():
        arrays[name] = np.empty(shape, np.dtype(dtype))
        _fill(pipe, arrays[name].reshape(-1).view(np.uint8).data)
    return message, arrays


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    buffer = bytearray(count)
    _fill(pipe, memoryview(buffer))
    return bytes(buffer)


def _fill(pipe: IO[bytes], view: memoryview) -> None:
    while len(view):
        count = pipe.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]
