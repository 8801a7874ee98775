"""Arrays handed from one process to another without a copy: anonymous memory whose descriptor is passed on a socket.

The memory has no name anywhere: it is gone with the last process that holds it, however that one ends, and the size of
/dev/shm does not bound it. Linux has it; elsewhere, and for small arrays, the caller writes to its pipe instead.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
# Name -> (dtype, shape, offset in bytes); plain data for a message.
Layout = dict[str, tuple[str, tuple[int, ...], int]]

SMALLEST_SHARED_BYTES = 2**20
ALIGNMENT_BYTES = 64


def descriptor_channel() -> tuple[socket.socket, socket.socket] | None:
    """Two connected sockets that carry descriptors, (parent's, child's); None where the system has no such memory."""
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return None
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def send_shared(channel: socket.socket, arrays: Mapping[str, NDArray[Any]]) -> Layout | None:
    """Copy arrays into anonymous memory and send its descriptor.

    Returns:
        Where each array lies, for `receive_shared`; None if they are small or the system has no memory for them, and
        nothing is sent then.
    """
    layout, size = _layout(arrays)
    if size < SMALLEST_SHARED_BYTES:
        return None
    try:
        descriptor = os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    try:
        _fill(descriptor, size, [(arrays[name], offset) for name, (_, _, offset) in layout.items()])
    except OSError:
        return None
    else:
        socket.send_fds(channel, [b"."], [descriptor])
        return layout
    finally:
        os.close(descriptor)


def receive_shared(channel: socket.socket, layout: Mapping[str, Any]) -> Arrays:
    """The arrays that `send_shared` has sent: writable, and nobody else sees what is written.

    Args:
        channel: The parent's socket.
        layout: As returned by `send_shared`.

    Raises:
        EOFError: The other end is gone.
        ValueError: The memory is not what the layout says, or could still be cut off under the reader's feet.
    """
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    if not descriptors:
        raise EOFError
    (descriptor,) = descriptors
    try:
        memory = _mapped(descriptor)
    finally:
        os.close(descriptor)
    return {
        name: np.frombuffer(memory, np.dtype(dtype), math.prod(shape), offset).reshape(shape)
        for name, (dtype, shape, offset) in layout.items()
    }


def _layout(arrays: Mapping[str, NDArray[Any]]) -> tuple[Layout, int]:
    layout: Layout = {}
    end = 0
    for name, array in arrays.items():
        offset = -(-end // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        layout[name] = (array.dtype.str, array.shape, offset)
        end = offset + array.nbytes
    return layout, end


def _fill(descriptor: int, size: int, parts: list[tuple[NDArray[Any], int]]) -> None:
    """Write the arrays, and seal the memory: it can then neither change nor shrink.

    Raises:
        OSError: There is no memory for it.
    """
    import fcntl

    os.ftruncate(descriptor, size)
    for array, offset in parts:
        view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while len(view):
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
    fcntl.fcntl(
        descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    )


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
