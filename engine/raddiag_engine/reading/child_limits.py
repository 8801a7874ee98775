"""What the reading process may use, and how the system is told to hold it to that."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from dataclasses import dataclass, field

from raddiag_engine.reading.limits import GIB

LARGEST_BYTES, SMALLEST_BYTES, SHARE_OF_MEMORY = 12 * GIB, 2 * GIB, 0.75
UNKNOWN_MEMORY_BYTES = 16 * GIB
PR_SET_DUMPABLE = 4


def _needs_watching() -> bool:
    """Linux bounds the address space; macOS takes the call and does nothing, Windows has none."""
    return sys.platform != "linux"


@dataclass(frozen=True)
class GuardLimits:
    """What the child may use.

    Attributes:
        seconds_per_step: Between two signs of life, such as the start of a file or of a frame.
        seconds_per_header: The same while a header is parsed; never more than `seconds_per_step`.
        memory_bytes: Of the child; None takes a share of the machine's.
        output_bytes: All scans of one job together; None takes a share of the machine's memory.
        watched: Whether the parent looks at the child's memory and ends it, for systems without rlimits.
    """

    seconds_per_step: float = 60.0
    seconds_per_header: float = 30.0
    memory_bytes: int | None = None
    output_bytes: int | None = None
    watched: bool = field(default_factory=_needs_watching)

    @property
    def header_seconds(self) -> float:
        """The bound for a header."""
        return min(self.seconds_per_header, self.seconds_per_step)

    @property
    def child_bytes(self) -> int:
        """The bound of the child's memory in bytes."""
        if self.memory_bytes is not None:
            return self.memory_bytes
        return int(min(max(SHARE_OF_MEMORY * installed_bytes(), SMALLEST_BYTES), LARGEST_BYTES))

    @property
    def job_bytes(self) -> int:
        """The bound of all scans of one job together, in bytes."""
        if self.output_bytes is not None:
            return self.output_bytes
        return int(max(SHARE_OF_MEMORY * installed_bytes(), SMALLEST_BYTES))


def installed_bytes() -> int:
    """The machine's memory."""
    if not hasattr(os, "sysconf"):
        return UNKNOWN_MEMORY_BYTES
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def limit_memory(count: int) -> None:
    """Bound this process's address space where the system has rlimits."""
    if os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        bound = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


def limit_cpu_time(seconds: float) -> None:
    """Bound the processor time from now on, so that an endless loop ends even if the parent is gone."""
    if os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, hard))


def forbid_core_dumps() -> None:
    """A process that crashes leaves no image of its memory, which holds a patient's data."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # where dumps go to a program, that limit is not asked
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def raise_descriptor_limit(wanted: int) -> int:
    """Allow this process so many open files as the system grants; returns how many that are."""
    if os.name != "posix":
        return 512
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(allowed, soft)
