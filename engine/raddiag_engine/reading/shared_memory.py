"""Arrays that one process fills and another one reads, with no copy: anonymous memory, its descriptor sent on a socket.

The memory has no name anywhere: it is gone with the last process that holds it, however that one ends, and the size of
/dev/shm does not bound it. A scan whose array is made by `zeros` is in memory once, not once in each process; all
readers make the arrays of volumes by it. What a library made, such as the pixels of one picture, is copied into such
memory when it is sent. Small arrays, and every array where the system has no such memory, are for the pipe.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import socket
import sys
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# (dtype, shape, offset in bytes); plain data for a message.
Layout = tuple[str, tuple[int, ...], int]

SMALLEST_SHARED_BYTES = 2**20
_shares_arrays = False
_descriptors: weakref.WeakKeyDictionary[mmap.mmap, int] = weakref.WeakKeyDictionary()


def descriptor_channel() -> tuple[socket.socket, socket.socket] | None:
    """Two connected sockets that carry descriptors, (parent's, child's); None where the system has no such memory."""
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return None
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def share_arrays() -> None:
    """From now on `zeros` makes arrays that can be sent; for a process that has somebody to send them to."""
    global _shares_arrays
    _shares_arrays = True


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """As `numpy.zeros`; in a guarded child the parent gets the array without a copy."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if _shares_arrays and size >= SMALLEST_SHARED_BYTES:
        with contextlib.suppress(OSError):
            return np.frombuffer(_anonymous(size), dtype, math.prod(shape)).reshape(shape)
    return np.zeros(shape, dtype)


def send_shared(channel: socket.socket, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Layout]:
    """Send the memory of all arrays of `SMALLEST_SHARED_BYTES` and more; those that `zeros` did not make are copied.

    Returns:
        Which these are and where in their memory they lie, in the order sent, for `receive_shared`; the others are for
        the pipe: small ones, and all where the system gives no memory.
    """
    sent: dict[str, Layout] = {}
    for name, given in arrays.items():
        if given.nbytes < SMALLEST_SHARED_BYTES:
            continue
        array = given if given.flags.c_contiguous and _memory_of(given) is not None else _copied(given)
        memory = _memory_of(array)
        if memory is None:
            continue
        offset = array.ctypes.data - np.frombuffer(memory, np.uint8).ctypes.data
        socket.send_fds(channel, [b"."], [_descriptors[memory]])
        sent[name] = (array.dtype.str, array.shape, offset)
    return sent


def receive_shared(channel: socket.socket, sent: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays that `send_shared` has sent: writable, and nobody else sees what is written.

    Args:
        channel: The parent's socket.
        sent: As returned by `send_shared`.

    Raises:
        EOFError: The other end is gone.
        ValueError: The memory is not what was said, or could still be cut off under the reader's feet.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape, offset) in sent.items():
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not descriptors:
            raise EOFError
        try:
            memory = _mapped(descriptors[0])
        finally:
            os.close(descriptors[0])
        arrays[name] = np.frombuffer(memory, np.dtype(dtype), math.prod(shape), offset).reshape(shape)
    return arrays


def _copied(array: NDArray[Any]) -> NDArray[Any]:
    copy = zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def _anonymous(size: int) -> mmap.mmap:
    """New memory of fixed size.

    Raises:
        OSError: The system has none.
    """
    import fcntl

    descriptor = os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        memory = mmap.mmap(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    _descriptors[memory] = descriptor
    weakref.finalize(memory, os.close, descriptor)
    return memory


def _memory_of(array: NDArray[Any]) -> mmap.mmap | None:
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) and base in _descriptors else None


def _mapped(descriptor: int) -> mmap.mmap | bytearray:
    """The memory, mapped; or copied where the mapping would use up this process's descriptors."""
    import fcntl

    if not fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
        raise ValueError("shared memory that is not sealed")
    if not _descriptors_are_scarce(descriptor):
        with contextlib.suppress(OSError):
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    copied = bytearray(os.fstat(descriptor).st_size)
    view = memoryview(copied)
    while len(view):
        count = os.preadv(descriptor, [view], len(copied) - len(view))
        if not count:
            raise ValueError("shared memory that is shorter than it says")
        view = view[count:]
    return copied


def _descriptors_are_scarce(descriptor: int) -> bool:
    """True if half of the descriptors are taken: a mapping keeps one, and they are given out lowest first."""
    import resource

    return descriptor > resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
