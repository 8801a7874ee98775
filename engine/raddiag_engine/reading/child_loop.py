"""The child's side of `ChildProcess`: jobs from standard input, answers on what was standard output."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.pipe import send
from raddiag_engine.reading.child_limits import forbid_core_dumps, limit_cpu_time, limit_memory
from raddiag_engine.reading.shared_memory import send_shared, share_arrays

CPU_GRACE_SECONDS = 5
SECONDS_BETWEEN_SIGNS = 0.05


class Answers:
    """What the child says to its parent."""

    def __init__(self, channel: int, descriptors: int, seconds_per_step: float, output_bytes: int) -> None:
        self._channel = os.fdopen(channel, "wb")
        self._descriptors = socket.socket(fileno=descriptors) if descriptors >= 0 else None
        if self._descriptors is not None:
            share_arrays()
        self._seconds = seconds_per_step
        self._said: tuple[str, str] = ("", "")
        self._said_at = 0.0
        self.output_bytes = output_bytes

    def begin(self) -> None:
        """A job begins."""
        self._said = ("", "")

    def say(self, message: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]] | None = None) -> None:
        """Send a message; arrays that lie in shared memory stay where they are."""
        arrays = dict(arrays or {})
        if arrays and self._descriptors is not None:
            shared = send_shared(self._descriptors, arrays)
            arrays = {name: array for name, array in arrays.items() if name not in shared}
            message = {**message, "shared": shared}
        send(self._channel, dict(message), arrays)

    def started(self, path: str, step: str) -> None:
        """A step on a file begins, or is still going on."""
        now = time.monotonic()
        if (path, step) == self._said and now - self._said_at < SECONDS_BETWEEN_SIGNS:
            return  # a sign of life a frame would be thousands a second
        self._said, self._said_at = (path, step), now
        limit_cpu_time(self._seconds + CPU_GRACE_SECONDS)
        self.say({"kind": "started", "path": path, "step": step})


def serve(work: Callable[[dict[str, Any], Answers], None]) -> None:
    """Do one job after another until standard input ends."""
    memory_bytes, seconds_per_step, output_bytes = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    # Decoders written in C print to descriptor 1: the messages get a descriptor of their own.
    answers = Answers(os.dup(1), int(sys.argv[4]), seconds_per_step, output_bytes)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # they quote header values
    forbid_core_dumps()
    limit_memory(memory_bytes)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    answers.say({"kind": "ready"})
    while True:
        job = jobs.get()
        try:
            os.chdir(job["folder"])
            answers.begin()
            work(job, answers)
        except MemoryError:
            answers.say({"kind": "out of memory"})
            raise
        answers.say({"kind": "finished"})


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Take jobs as they come; at the end of the input, which is the parent's, end in the middle of whatever is done."""
    job: dict[str, Any] = {}
    for line in sys.stdin.buffer:
        job = json.loads(line)
        jobs.put(job)
    if "unpack_in" in job:
        shutil.rmtree(job["unpack_in"], ignore_errors=True)
    os._exit(0)
