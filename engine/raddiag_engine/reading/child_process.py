"""A child process that works on hostile files, held to limits of time and memory by its parent."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from raddiag_engine.pipe import Arrays, receive
from raddiag_engine.reading.child_limits import GuardLimits
from raddiag_engine.reading.shared_memory import descriptor_channel, receive_shared

NO_CHANNEL = -1
MIB = 2**20
# Of OpenBLAS, as arenas of threads count as memory; and of glibc, which else gives the memory of each frame back to the
# system and asks for it again: a fifth of the time of a large folder.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * MIB),
    "MALLOC_TRIM_THRESHOLD_": str(64 * MIB),
}
TOO_MUCH_MEMORY = "reading it needs more memory than is allowed"
SECONDS_BETWEEN_LOOKS = 0.2
Message = dict[str, Any]


class ChildProcess:
    """One child: `python -m MODULE MEMORY_BYTES SECONDS_PER_STEP OUTPUT_BYTES DESCRIPTOR_CHANNEL`.

    It takes jobs as lines of JSON on its standard input, answers with messages (`raddiag_engine.pipe`) on its standard
    output, and ends when its input ends, and so with its parent.
    """

    def __init__(self, module: str, limits: GuardLimits) -> None:
        self.limits = limits
        self._why_killed = ""
        channel = descriptor_channel()
        self._descriptors = None if channel is None else channel[0]
        theirs = None if channel is None else channel[1]
        passed = [] if theirs is None else [theirs.fileno()]
        # -P keeps the current folder off the module path: it may hold anything.
        command = [sys.executable, "-P", "-m", module, str(limits.child_bytes), str(limits.seconds_per_step)]
        command += [str(limits.job_bytes), str(passed[0] if passed else NO_CHANNEL)]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # parsers quote header values there
                env=os.environ | ENVIRONMENT,
                pass_fds=passed,
            )
        finally:
            if theirs is not None:
                theirs.close()
        assert self.process.stdin is not None and self.process.stdout is not None
        self.jobs, self.answers = self.process.stdin, self.process.stdout
        self._watch = _Watch(self)

    @property
    def is_alive(self) -> bool:
        """False once it has ended."""
        return self.process.poll() is None

    def order(self, job: dict[str, Any]) -> None:
        """Give the child a job; if it is dead already, `next_message` says so."""
        try:
            self.jobs.write(json.dumps(job).encode("ascii") + b"\n")
            self.jobs.flush()
        except OSError:
            self.process.kill()

    def next_message(self, seconds: float | None = None) -> tuple[Message, Arrays]:
        """What the child says next; {"kind": "died", "reason": …} once it is gone or had to be ended.

        Args:
            seconds: How long to wait for it, by default a step's time.
        """
        self._watch.start(self.limits.seconds_per_step if seconds is None else seconds)
        try:
            message, arrays = receive(self.answers)
            if "shared" in message:
                assert self._descriptors is not None
                arrays |= receive_shared(self._descriptors, message.pop("shared"))
        # What a process writes that was overrun by a hostile file need not be a message at all.
        except (EOFError, OSError, ValueError, TypeError, KeyError, AttributeError, MemoryError, OverflowError):
            self.process.kill()
            return {"kind": "died", "reason": self._why()}, {}
        finally:
            self._watch.stop()
        if message["kind"] == "out of memory":
            return {"kind": "died", "reason": TOO_MUCH_MEMORY}, {}
        return message, arrays

    def kill(self, why: str) -> None:
        """End the child in the middle of its work, for a reason that `next_message` then gives."""
        self._why_killed = why
        self.process.kill()

    def end(self) -> None:
        """Kill the child and free what it holds."""
        self.process.kill()
        self.process.wait()
        self._watch.end()
        self.let_go()

    def let_go(self) -> None:
        """Close this process's ends of the connection."""
        self.answers.close()
        with contextlib.suppress(OSError):  # what was still to be written has no reader any more
            self.jobs.close()
        if self._descriptors is not None:
            self._descriptors.close()

    def _why(self) -> str:
        status = self.process.wait()
        if self._why_killed:
            return self._why_killed
        return f"the reading process crashed ({f'signal {-status}' if status < 0 else f'exit status {status}'})"


class _Watch:
    """Ends a child that is silent for too long, or, where the system does not see to that, grows too large."""

    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._seconds = 0.0
        self._deadline = float("inf")
        self._asleep = False
        self._ended = False
        self._changed = threading.Condition()
        self._memory = _resident_bytes_of(child.process.pid) if child.limits.watched else None
        threading.Thread(target=self._look, name="watch on the reading process", daemon=True).start()

    def start(self, seconds: float) -> None:
        """A message is waited for, so long at most."""
        with self._changed:
            self._seconds, self._deadline = seconds, time.monotonic() + seconds
            if self._asleep:  # else it looks again soon: waking it would cost more than the message does
                self._changed.notify()

    def stop(self) -> None:
        """The message is here."""
        self._deadline = float("inf")

    def end(self) -> None:
        """No message will be waited for any more."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            while not self._ended:
                self._asleep = self._deadline == float("inf")
                if self._asleep:
                    self._changed.wait()
                    continue
                if time.monotonic() > self._deadline:
                    self._child.kill(f"took longer than {self._seconds:g} s; it was given up")
                elif self._memory is not None and self._memory() > self._child.limits.child_bytes:
                    self._child.kill(TOO_MUCH_MEMORY)
                self._changed.wait(SECONDS_BETWEEN_LOOKS)


def _resident_bytes_of(pid: int) -> Callable[[], int]:
    """A function that tells how much memory a process has in use; 0 once it is gone."""
    import psutil

    def resident_bytes() -> int:
        try:
            return int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return 0

    return resident_bytes
