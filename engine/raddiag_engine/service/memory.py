"""Memory that is left, and what an out-of-memory error says of it. Free of torch."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = r"(\d+(?:\.\d*)?) (bytes|KiB|MiB|GiB|TiB)"
# torch on a GPU, torch on the CPU, numpy.
_NEEDED = re.compile(rf"(?:[Tt]ried to allocate|Unable to allocate) {_SIZE}")
_FREE = re.compile(rf"of which {_SIZE} is free")


@dataclass(frozen=True)
class Memory:
    """Of a device, in bytes; None where the system does not say."""

    total: int | None
    free: int | None


def system_memory() -> Memory:
    """Of the machine; what is free counts caches that the system would give up."""
    if sys.platform != "linux":
        known = hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names
        return Memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if known else None, None)
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kibibytes = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
    return Memory(kibibytes["MemTotal"] * 1024, kibibytes["MemAvailable"] * 1024)


def memory_left_to_this_process() -> int | None:
    """What the machine has free, or what is left of this process's address space if that is less."""
    free = system_memory().free
    if sys.platform != "linux":
        return free
    import resource

    bound, _ = resource.getrlimit(resource.RLIMIT_AS)
    if bound == resource.RLIM_INFINITY:
        return free
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    left = max(bound - pages * resource.getpagesize(), 0)
    return left if free is None else min(left, free)


def processor_name() -> str:
    """Of the CPU, in its maker's words where the system has them."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    import platform

    return platform.processor() or platform.machine()


def bytes_needed(message: str) -> int | None:
    """What an allocator asked for in vain, as its error says; None if it does not."""
    return _bytes(_NEEDED.search(message))


def bytes_free(message: str) -> int | None:
    """What the GPU had left, as its error says; None if it does not."""
    return _bytes(_FREE.search(message))


def out_of_memory_line(needed: int | None, free: int | None, on_gpu: bool) -> str:
    """One line with the bytes asked for, the bytes free, and the remedy."""
    device = "the GPU" if on_gpu else "the computer"
    remedy = "use fewer scans or the CPU" if on_gpu else "use fewer or smaller scans, or close other programs"
    if needed is None and free is None:
        return f"out of memory: {device} has too little for this case; {remedy}"
    parts = [f"needs {_gigabytes(needed)} more" if needed is not None else "needs more memory than there is"]
    if free is not None:
        parts.append(f"{device} has {_gigabytes(free)} free")
    return f"out of memory: {', '.join(parts)}: {remedy}"


def _bytes(found: re.Match[str] | None) -> int | None:
    return None if found is None else int(float(found[1]) * UNITS[found[2]])


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
