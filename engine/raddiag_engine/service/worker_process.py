"""The worker as the service holds it: a child process, a thread that writes to it and one that reads what it says.

Both pipes have a thread of their own, so that a worker that hangs or was stopped never holds up the service.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from raddiag_engine.pipe import Arrays, receive, send
from raddiag_engine.service.exit_words import EXIT_OUT_OF_MEMORY, exit_words

Message = dict[str, Any]
# -P keeps the current folder off the module path: it may hold anything.
WORKER_ARGUMENTS = ["-P", "-m", "raddiag_engine.service.worker"]
UNREADABLE = "the engine's process wrote what cannot be read"


class WorkerProcess:
    """A worker that was started; it reports to `said` from a thread of its own, last {"kind": "died", …}.

    Args:
        start: The first message: "model_folder" and "device".
        said: Called with this worker, a message and its arrays.
    """

    def __init__(self, start: Message, said: Callable[[WorkerProcess, Message, Arrays], None]) -> None:
        self.holds: frozenset[str] = frozenset()
        self._said = said
        self._outbox: queue.SimpleQueue[tuple[Message, Arrays] | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, *WORKER_ARGUMENTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries write what they like there, and nobody may read it
        )
        self.send(start)
        for target in (self._write, self._read):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, message: Message, arrays: Arrays | None = None) -> None:
        """Write a message as soon as the worker takes it; never blocks."""
        self._outbox.put((message, arrays or {}))

    def end(self, wait_seconds: float = 5.0) -> None:
        """Kill the process; one that the system holds back, as in a driver, is not waited for any longer."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_seconds)

    def _write(self) -> None:
        assert self._process.stdin is not None
        while (item := self._outbox.get()) is not None:
            try:
                send(self._process.stdin, *item)
            except Exception:  # noqa: BLE001  it is gone, or heard half a message: the reader says that it died
                self._process.kill()
                return

    def _read(self) -> None:
        assert self._process.stdout is not None
        trouble: Exception | None = None
        while True:
            try:
                message, arrays = receive(self._process.stdout)
            except (EOFError, OSError):
                break
            except Exception as error:  # noqa: BLE001  no message, or no room for it: what follows cannot be read
                trouble = error
                break
            self._said(self, message, arrays)
        # It may have closed its output and live on.
        self._process.kill()
        status = self._process.wait()
        self._outbox.put(None)
        reason = exit_words(status) if trouble is None else UNREADABLE
        if isinstance(trouble, MemoryError):
            status = EXIT_OUT_OF_MEMORY
        self._said(self, {"kind": "died", "reason": reason, "status": status}, {})
