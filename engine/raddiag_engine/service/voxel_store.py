"""Voxels that clients sent, in memory only and within bounds; safe from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


class NoRoom(Exception):
    """The store is full of voxels that jobs wait for."""


@dataclass(frozen=True)
class VoxelKey:
    """Voxels of one client; knowing the hash of another's is of no use.

    Attributes:
        owner: Name of the token they were sent with.
        sha256: Of the file they came in.
    """

    owner: str
    sha256: str


@dataclass
class _Entry:
    voxels: NDArray[Any]
    byte_count: int
    pins: int = 0


class VoxelStore:
    """The voxels used last, at most `max_bytes` of them; those that a job needs stay.

    Args:
        max_bytes: Of voxels, and of bodies that are being received.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[VoxelKey, _Entry] = OrderedDict()
        self._reserved_bytes = 0

    @property
    def byte_count(self) -> int:
        """Bytes kept and promised."""
        with self._lock:
            return self._used()

    def missing(self, keys: Iterable[VoxelKey]) -> list[VoxelKey]:
        """Those that are not there; the others count as used."""
        with self._lock:
            return [key for key in keys if not self._touch(key)]

    @contextmanager
    def room(self, byte_count: int) -> Iterator[None]:
        """Inside, so many bytes are promised; what was not used for longest goes for them.

        Raises:
            NoRoom: What jobs need leaves too little.
        """
        with self._lock:
            self._evict(byte_count)
            self._reserved_bytes += byte_count
        try:
            yield
        finally:
            with self._lock:
                self._reserved_bytes -= byte_count

    def put(self, key: VoxelKey, voxels: NDArray[Any], byte_count: int) -> None:
        """Keep voxels, for which there is room."""
        with self._lock:
            if not self._touch(key):
                self._entries[key] = _Entry(voxels, byte_count)

    def pin(self, keys: Iterable[VoxelKey]) -> None:
        """Keep these until they are unpinned as often; they must be there."""
        with self._lock:
            for key in keys:
                self._entries[key].pins += 1

    def unpin(self, keys: Iterable[VoxelKey]) -> None:
        """The inverse of `pin`."""
        with self._lock:
            for key in keys:
                self._entries[key].pins -= 1

    def voxels(self, key: VoxelKey) -> NDArray[Any]:
        """Voxels that are pinned."""
        with self._lock:
            return self._entries[key].voxels

    def _touch(self, key: VoxelKey) -> bool:
        if key not in self._entries:
            return False
        self._entries.move_to_end(key)
        return True

    def _used(self) -> int:
        return self._reserved_bytes + sum(entry.byte_count for entry in self._entries.values())

    def _evict(self, byte_count: int) -> None:
        used = self._used()
        idle = [key for key, entry in self._entries.items() if entry.pins == 0]
        if used - sum(self._entries[key].byte_count for key in idle) + byte_count > self.max_bytes:
            raise NoRoom
        for key in idle:
            if used + byte_count <= self.max_bytes:
                return
            used -= self._entries.pop(key).byte_count
