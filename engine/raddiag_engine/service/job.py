"""One job of one client: what was asked, how far it is, and the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from raddiag_engine.protocol.job import JobRequest, JobStatus
from raddiag_engine.protocol.tensors import Part
from raddiag_engine.service.voxel_store import VoxelKey


@dataclass(frozen=True)
class JobResult:
    """What a client gets, as it goes on the wire."""

    media_type: str
    parts: tuple[Part, ...]

    @property
    def byte_count(self) -> int:
        """Of the body."""
        return sum(len(part) for part in self.parts)


@dataclass(eq=False)
class Job:
    """A job; its status is replaced whole, so that it may be read from any thread.

    Attributes:
        owner: Name of the token it was sent with; others do not see it.
        digest: SHA-256 of the request as it was sent.
        request: What to compute.
        model_folder: Where its model lies.
        status: How far it is.
        result: Once it is done.
        cancel_asked: True once its client wants it ended.
        sent_again: True if a worker died before it heard of it.
        finished_at: On the monotonic clock; None before.
    """

    owner: str
    digest: str
    request: JobRequest
    model_folder: str
    status: JobStatus
    result: JobResult | None = None
    cancel_asked: bool = False
    sent_again: bool = False
    finished_at: float | None = None
    _listeners: set[Callable[[], object]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def voxels(self) -> list[VoxelKey]:
        """Of its case."""
        return [VoxelKey(self.owner, name) for name in self.request.case.voxels]

    def update(self, **changes: Any) -> None:
        """Change the status and tell who listens."""
        if self.status.is_final:
            return
        status = replace(self.status, **changes)
        if status == self.status:
            return
        if status.is_final:
            self.finished_at = time.monotonic()
        self.status = status
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    @contextmanager
    def listening(self, listener: Callable[[], object]) -> Iterator[None]:
        """Inside, `listener` is called after every change, from the thread that made it."""
        with self._lock:
            self._listeners.add(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(listener)
