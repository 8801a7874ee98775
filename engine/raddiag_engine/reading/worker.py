"""The child process that parses files: `python -m raddiag_engine.reading.worker MEMORY_BYTES SECONDS_PER_STEP`.

Jobs come as lines of JSON on standard input; scans go back as messages on what was standard output. It ends when its
input ends, and so with its parent.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import BinaryIO

from raddiag_engine.cases import Scan
from raddiag_engine.pipe import send
from raddiag_engine.reading.reader import Step, read_files
from raddiag_engine.reading.scan_message import scan_to_message

CPU_GRACE_SECONDS = 5


def main() -> None:
    """Serve jobs until standard input ends."""
    memory_bytes, seconds_per_step = int(sys.argv[1]), float(sys.argv[2])
    # Decoders written in C print to descriptor 1: the messages get a descriptor of their own.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # they quote header values
    limit_memory(memory_bytes)
    send(channel, {"kind": "ready"})
    for line in sys.stdin.buffer:
        try:
            _serve([Path(name) for name in json.loads(line)["files"]], channel, seconds_per_step)
        except MemoryError:
            send(channel, {"kind": "out of memory"})
            raise


def _serve(files: list[Path], channel: BinaryIO, seconds_per_step: float) -> None:
    def started(path: Path, step: Step) -> None:
        limit_cpu_time(seconds_per_step + CPU_GRACE_SECONDS)
        send(channel, {"kind": "started", "path": str(path), "step": step})

    for found in read_files(files, started):
        if isinstance(found, Scan):
            plain, arrays = scan_to_message(found)
            send(channel, {"kind": "scan", "scan": plain}, arrays)
        else:
            send(channel, {"kind": "skipped", "path": str(found.path), "reason": found.reason})
    send(channel, {"kind": "finished"})


def limit_memory(count: int) -> None:
    """Bound the address space where the system has rlimits."""
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


if __name__ == "__main__":
    main()
