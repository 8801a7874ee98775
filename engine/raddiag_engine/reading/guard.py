"""Reading in a child process: a file that crashes, hangs or swells costs one line, never this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from raddiag_engine.cases import Scan, Skipped
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.limits import GIB
from raddiag_engine.pipe import Arrays, receive
from raddiag_engine.reading.reader import Started
from raddiag_engine.reading.scan_message import scan_from_message

# On a busy machine the imports alone may take long; they say nothing of the files.
START_SECONDS = 120.0
LARGEST_BYTES, SMALLEST_BYTES, SHARE_OF_MEMORY = 12 * GIB, 2 * GIB, 0.75


@dataclass(frozen=True)
class GuardLimits:
    """What the child may use.

    Attributes:
        seconds_per_step: Between two signs of life, such as the start of a file or of a frame.
        memory_bytes: Address space of the child, where the system has rlimits; None takes a share of the machine's.
    """

    seconds_per_step: float = 60.0
    memory_bytes: int | None = None

    @property
    def address_space_bytes(self) -> int:
        """The bound in bytes."""
        if self.memory_bytes is not None:
            return self.memory_bytes
        if not hasattr(os, "sysconf"):
            return LARGEST_BYTES
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return int(min(max(SHARE_OF_MEMORY * installed, SMALLEST_BYTES), LARGEST_BYTES))


class GuardedReader:
    """A child process that reads files, started when it is needed and again when it died; use as a context manager."""

    def __init__(self, limits: GuardLimits | None = None) -> None:
        self.limits = limits or GuardLimits()
        self._child: _Child | None = None

    def __enter__(self) -> GuardedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def read(self, files: Sequence[Path], started: Started) -> Iterator[Scan | Skipped]:
        """As `read_files`, in the child. When it dies, the file at work is skipped and the rest is read by a new one.

        Raises:
            ReadError: The child cannot be started at all.
        """
        remaining = {str(path): path for path in files}
        while remaining:
            if self._child is None:
                self._child = self._started(next(iter(remaining.values())))
            at = next(iter(remaining))
            self._child.order(list(remaining))
            while True:
                message, arrays = self._child.next_message()
                match message["kind"]:
                    case "started":
                        at = str(message["path"])
                        started(remaining.get(at, Path(at)), message["step"])
                    case "scan":
                        scan = scan_from_message(message["scan"], arrays)
                        remaining = {name: path for name, path in remaining.items() if path not in scan.sources}
                        yield scan
                    case "skipped":
                        remaining.pop(message["path"], None)
                        yield Skipped(Path(message["path"]), message["reason"])
                    case "finished":
                        return
                    case "died":
                        self.close()
                        remaining.pop(at, None)
                        yield Skipped(Path(at), message["reason"])
                        break

    def _started(self, path: Path) -> _Child:
        child = _Child(self.limits)
        message, _ = child.next_message(START_SECONDS)
        if message["kind"] != "ready":
            child.end()
            raise ReadError(path, f"cannot be read, as the reading process does not start ({message['reason']})")
        return child


class _Child:
    """One child process, and a watch on the time it takes."""

    def __init__(self, limits: GuardLimits) -> None:
        self.seconds = limits.seconds_per_step
        self.late = False
        # -P keeps the current folder off the module path: it may hold anything. One thread: arenas count as memory.
        command = [sys.executable, "-P", "-m", "raddiag_engine.reading.worker"]
        self.process = subprocess.Popen(
            [*command, str(limits.address_space_bytes), str(limits.seconds_per_step)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # parsers quote header values there
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.jobs, self.answers = self.process.stdin, self.process.stdout

    def order(self, files: list[str]) -> None:
        """Give the child a job; if it is dead already, `next_message` says so."""
        try:
            self.jobs.write(json.dumps({"files": files}).encode("ascii") + b"\n")
            self.jobs.flush()
        except OSError:
            self.process.kill()

    def next_message(self, seconds: float | None = None) -> tuple[dict[str, Any], Arrays]:
        """What the child says next; {"kind": "died", "reason": …} once it is gone or had to be ended."""
        watch = threading.Timer(seconds or self.seconds, self._end_late)
        watch.daemon = True
        watch.start()
        try:
            message, arrays = receive(self.answers)
        except (EOFError, OSError, ValueError):
            return {"kind": "died", "reason": self._why()}, {}
        finally:
            watch.cancel()
        if message["kind"] == "out of memory":
            return {"kind": "died", "reason": "reading it needs more memory than is allowed"}, {}
        return message, arrays

    def end(self) -> None:
        """Kill the child and free its pipes."""
        self.process.kill()
        self.process.wait()
        self.answers.close()
        try:
            self.jobs.close()
        except OSError:  # what was still to be written has no reader any more
            return

    def _end_late(self) -> None:
        self.late = True
        self.process.kill()

    def _why(self) -> str:
        status = self.process.wait()
        if self.late:
            return f"took longer than {self.seconds:g} s; it was given up"
        return f"the reading process crashed ({f'signal {-status}' if status < 0 else f'exit status {status}'})"
