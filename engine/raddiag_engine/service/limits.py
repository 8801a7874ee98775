"""How much a client may ask of the service."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

GIB = 2**30
MIB = 2**20
SHARE_OF_MEMORY = 0.25
SMALLEST_STORE_BYTES, LARGEST_STORE_BYTES = 1 * GIB, 16 * GIB


def _store_bytes() -> int:
    if not hasattr(os, "sysconf"):
        return 4 * GIB
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(min(max(SHARE_OF_MEMORY * installed, SMALLEST_STORE_BYTES), LARGEST_STORE_BYTES))


@dataclass(frozen=True)
class ServiceLimits:
    """Bounds on size, number and time; what exceeds one is refused in words.

    Attributes:
        scan_bytes: Of one scan's voxels.
        store_bytes: Of all voxels that are kept, and so of one case.
        request_bytes: Of a job's JSON.
        queued_jobs: Jobs that wait for the one at work.
        kept_jobs: Finished jobs that can still be asked for.
        kept_result_bytes: Of their results; the newest result is kept whatever its size.
        kept_seconds: After which a finished job is forgotten.
        cancel_grace_seconds: From a cancel to the end of a worker that does not heed it.
        start_seconds: For a worker to load its model.
        stalled_body_seconds: Without a byte of a request's body.
        body_bytes_per_second: Slowest body, on average, after the first `stalled_body_seconds`.
        header_seconds: For a request's headers to arrive.
        connections: At once.
    """

    scan_bytes: int = 4 * GIB
    store_bytes: int = field(default_factory=_store_bytes)
    request_bytes: int = 16 * MIB
    queued_jobs: int = 8
    kept_jobs: int = 32
    kept_result_bytes: int = 1 * GIB
    kept_seconds: float = 600.0
    cancel_grace_seconds: float = 3.0
    start_seconds: float = 300.0
    stalled_body_seconds: float = 10.0
    body_bytes_per_second: float = 256 * 1024
    header_seconds: float = 10.0
    connections: int = 64
