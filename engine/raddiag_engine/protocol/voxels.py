"""Voxels on their way up: one safetensors file a scan, named by its own SHA-256, so that nothing is sent twice."""

from __future__ import annotations

import re
import threading
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.tensors import Part, from_bytes, sha256_of, to_parts

TENSOR = "voxels"
MAX_HEADER_BYTES = 1024
SHA256 = re.compile(r"[0-9a-f]{64}")


def voxels_to_parts(voxels: NDArray[Any]) -> list[Part]:
    """The file to send, in parts that share the memory of `voxels`.

    Raises:
        ProtocolError: Voxels of a type that cannot be sent.
    """
    return to_parts({TENSOR: voxels})


def voxels_from_bytes(body: bytes | bytearray | memoryview) -> NDArray[np.generic]:
    """The voxels in a file; they share its memory.

    Raises:
        ProtocolError: It is not a safetensors file of one array called "voxels" with 2 or 3 axes.
    """
    arrays, _ = from_bytes(body, MAX_HEADER_BYTES)
    if set(arrays) != {TENSOR}:
        raise ProtocolError(f"one array called {TENSOR!r} is expected, not {len(arrays)} arrays")
    voxels = arrays[TENSOR]
    if voxels.ndim not in (2, 3) or voxels.size == 0:
        raise ProtocolError(f"voxels have 2 or 3 axes and are not empty; these are of shape {voxels.shape}")
    return voxels


class VoxelNames:
    """The SHA-256 of voxels, computed once for every array; safe from several threads.

    Scans that a person describes differently share their voxels, so it goes by the array and not by the scan.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[weakref.ref[NDArray[Any]], str]] = {}

    def of(self, voxels: NDArray[Any]) -> str:
        """SHA-256 of the file that holds these voxels."""
        with self._lock:
            reference, name = self._known.get(id(voxels), (None, ""))
        if reference is not None and reference() is voxels:
            return name
        name = sha256_of(voxels_to_parts(voxels))
        with self._lock:
            self._known = {key: entry for key, entry in self._known.items() if entry[0]() is not None}
            self._known[id(voxels)] = (weakref.ref(voxels), name)
        return name
