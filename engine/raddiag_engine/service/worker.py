"""The process that computes: `python -m raddiag_engine.service.worker`.

Jobs come as messages on standard input, what becomes of them goes back on what was standard output. A thread of its own
reads, so that a cancel is heard during a computation. The process ends with its input, and so with its parent.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import warnings
from typing import IO, Any

from raddiag_engine.pipe import Arrays, receive, send
from raddiag_engine.service.exit_words import EXIT_OUT_OF_MEMORY

Message = dict[str, Any]
NICE = 5


def main() -> None:
    """Serve jobs until the parent is gone."""
    _end_with_parent()
    # Libraries written in C print to descriptor 1: the messages get a descriptor of their own.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    inbox = Inbox(sys.stdin.buffer)
    order, _ = inbox.next()

    from raddiag_engine.service.job_failure import failure_of

    try:
        from raddiag_engine.service.computation import Computation

        computation = Computation(order["model_folder"], order["device"])
    except Exception as error:  # noqa: BLE001  whatever it is, the service says it in one line
        send(channel, {"kind": "start failed", "failure": failure_of(error)})
        return
    _give_way()
    send(channel, {"kind": "ready", "report": computation.report()})
    if not inbox.has_work:
        computation.warm_up(cancelled=lambda: inbox.has_work)
        send(channel, {"kind": "report", "report": computation.report()})
    while True:
        message, arrays = inbox.next()
        _serve(computation, message, arrays, inbox, channel)


def _give_way() -> None:
    """Windows that are looked at come before computations: scrolling stays smooth on a machine without a GPU."""
    import psutil

    process = psutil.Process()
    process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else max(process.nice(), NICE))


def _serve(computation: Any, message: Message, arrays: Arrays, inbox: Inbox, channel: IO[bytes]) -> None:
    """One job: progress while it goes on, then its result or the reason why there is none."""
    from raddiag_engine.errors import Cancelled
    from raddiag_engine.service.job_failure import failure_of

    job = message["job"]

    def progress(done: int, total: int, what: str) -> None:
        send(channel, {"kind": "progress", "job": job, "done": done, "total": total, "what": what})

    progress(0, 0, "preparing scans")  # the job has arrived
    try:
        result, maps = computation.run(message, arrays, progress, lambda: job in inbox.cancelled)
    except Cancelled:
        send(channel, {"kind": "cancelled", "job": job})
    except Exception as error:  # noqa: BLE001  whatever it is, the job ends with one line
        failure = failure_of(error)
        send(channel, {"kind": "failed", "job": job, "failure": failure, "report": computation.report()})
    else:
        send(channel, {"kind": "done", "job": job, "result": result, "report": computation.report()}, maps)


class Inbox:
    """What the parent sends: jobs in order, cancels at once. Ends the process when the parent is gone."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.cancelled: set[int] = set()
        self._messages: queue.SimpleQueue[tuple[Message, Arrays]] = queue.SimpleQueue()
        self._pipe = pipe
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    @property
    def has_work(self) -> bool:
        """True if a message waits."""
        return not self._messages.empty()

    def next(self) -> tuple[Message, Arrays]:
        """The next message but a cancel; blocks."""
        return self._messages.get()

    def _read(self) -> None:
        while True:
            try:
                message, arrays = receive(self._pipe)
            except (EOFError, OSError, ValueError):
                os._exit(0)  # the computation in the main thread has nobody to answer to
            except MemoryError:
                os._exit(EXIT_OUT_OF_MEMORY)  # in the middle of a message: what follows cannot be read
            if message["kind"] == "cancel":
                self.cancelled.add(message["job"])
            else:
                self._messages.put((message, arrays))


def _end_with_parent() -> None:
    """Ask Linux to end this process with its parent even while it cannot read its input, as when it is stopped."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
