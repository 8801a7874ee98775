"""A function in a thread, with progress, an end and a way to stop it; the window never waits for it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Protocol

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from raddiag_engine.errors import Cancelled
from raddiag_engine.failure_line import failure_line

# More often than this no eye can follow, and the window's queue of events would fill.
REPORT_SECONDS = 0.05


class Work(Protocol):
    """What a task runs: reports (done, total, what) and asks now and then whether it was cancelled."""

    def __call__(self, progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> Any: ...


class _Postbox(QObject):
    """Carries what a thread has to say into the window's thread.

    It lives as long as the program. A task does not: its Qt half may be deleted with the window at the very moment in
    which its thread speaks, so that a thread never touches it.
    """

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(self._open)

    def post(self, letter: Callable[[], None]) -> None:
        """Have a letter opened in the window's thread; from any thread, in the order of posting."""
        self._posted.emit(letter)

    def _open(self, letter: Callable[[], None]) -> None:
        letter()


@cache
def _postbox() -> _Postbox:
    """Made with the first task, in the window's thread."""
    return _Postbox()


class Task(QObject):
    """One piece of work in a thread of its own, which ends with exactly one of `finished`, `failed` and `stopped`.

    Signals:
        progress: (done, total, what is being done).
        handed_over: What the work had ready before its end, by `hand_over`.
        finished: What the work returned.
        failed: One line on what is wrong and what to do.
        stopped: It was cancelled.
        ended: Whatever the end was; always last.

    Args:
        work: Runs in the thread; must not touch widgets.
        parent: Owner.
    """

    progress = Signal(int, int, str)
    handed_over = Signal(object)
    finished = Signal(object)
    failed = Signal(str)
    stopped = Signal()
    ended = Signal()

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._cancelled = threading.Event()
        self._reported = ("", 0.0)
        self._postbox = _postbox()
        # A daemon, so that closing the window never waits for it.
        self._thread = threading.Thread(target=self._run, daemon=True, name="raddiag-task")

    def start(self) -> Task:
        """Begin."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the work to stop; `stopped` follows when it does."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """True once it was asked to stop."""
        return self._cancelled.is_set()

    def hand_over(self, part: Any) -> None:
        """Give a part of the result to the window; called by the work, in its thread."""
        self._postbox.post(partial(self._hand_over, part))

    def _hand_over(self, part: Any) -> None:
        if isalive(self) and not self.is_cancelled:
            self.handed_over.emit(part)

    def _run(self) -> None:
        result: Any = None
        problem: BaseException | None = None
        try:
            result = self._work(self._report, self._cancelled.is_set)
        except Exception as error:  # noqa: BLE001 - whatever it is, the window must hear of it
            problem = error
        self._postbox.post(partial(self._deliver, result, problem))

    def _report(self, done: int, total: int, what: str) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        last_what, last_time = self._reported
        now = time.monotonic()
        if what != last_what or done == total or now - last_time >= REPORT_SECONDS:
            self._reported = (what, now)
            self._postbox.post(partial(self._tell, done, total, what))

    def _tell(self, done: int, total: int, what: str) -> None:
        if isalive(self):
            self.progress.emit(done, total, what)

    def _deliver(self, result: Any, problem: BaseException | None) -> None:
        if not isalive(self):  # the window was closed meanwhile
            return
        if isinstance(problem, Cancelled) or (problem is None and self.is_cancelled):
            self.stopped.emit()
        elif problem is None:
            self.finished.emit(result)
        else:
            self.failed.emit(describe_problem(problem))
        if isalive(self):  # unless whoever heard of it has closed the window
            self.ended.emit()


def describe_problem(problem: BaseException) -> str:
    """One line for the panel; for a fault of the program its kind and place, which hold no patient data."""
    line = failure_line(problem) if isinstance(problem, Exception) else None
    if line is not None:
        return line
    frames = traceback.extract_tb(problem.__traceback__)
    where = f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "unknown place"
    return f"a fault of this program ({type(problem).__name__} in {where}); please report it"
