"""A call that blocks in a thread of its own, so that whoever waits for it can stop waiting. It knows no HTTP."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from raddiag_engine.errors import Cancelled

Progress = Callable[[int, int, str], None]
T = TypeVar("T")

# How often `cancelled` is asked while the call is silent.
ASKING_SECONDS = 0.05
# For a call that was given up to say goodbye; one that hangs is left to its own time-out.
GOODBYE_SECONDS = 1.0


class Steps:
    """What the call tells of itself, from its own thread; both methods raise `Cancelled` once it was given up."""

    def __init__(self) -> None:
        self.given_up = threading.Event()
        self._told: queue.SimpleQueue[tuple[int, int, str] | None] = queue.SimpleQueue()

    def tell(self, done: int, total: int, what: str) -> None:
        """Steps done, steps to do (0 if not known) and what is being done."""
        self.check()
        self._told.put((done, total, what))

    def check(self) -> None:
        """Nothing, while somebody waits."""
        if self.given_up.is_set():
            raise Cancelled

    def end(self) -> None:
        """The call is over."""
        self._told.put(None)

    def next(self) -> tuple[int, int, str] | None:
        """What was told next, None at the end.

        Raises:
            queue.Empty: Nothing was, for `ASKING_SECONDS`.
        """
        return self._told.get(timeout=ASKING_SECONDS)


def call_cancellably(
    work: Callable[[Steps], T], progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> T:
    """Run `work` in a thread and wait for it.

    Args:
        work: Blocks; calls `Steps.check` or `Steps.tell` where it can end.
        progress: Called in this thread with what `work` tells.
        cancelled: Asked in this thread, at every step and about every 50 ms between.

    Raises:
        Cancelled: `cancelled` said so. `work` was told, and had a second to end; if it hangs it is not waited for.
    """
    steps, outcome = Steps(), Future[T]()

    def run() -> None:
        try:
            outcome.set_result(work(steps))
        except BaseException as error:  # noqa: BLE001  whoever waits raises it
            outcome.set_exception(error)
        finally:
            steps.end()

    # A daemon, so that a call which was given up keeps no program from ending.
    thread = threading.Thread(target=run, name="raddiag-engine-call", daemon=True)
    thread.start()
    try:
        _listen(steps, progress, cancelled)
        return outcome.result()
    finally:
        steps.given_up.set()
        thread.join(GOODBYE_SECONDS)


def _listen(steps: Steps, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
    while True:
        try:
            told = steps.next()
        except queue.Empty:
            told = (0, 0, "")
        if told is None:
            return
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None and told[2]:
            progress(*told)
