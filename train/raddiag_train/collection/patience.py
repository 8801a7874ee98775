"""Asking again after a passing failure: back-off, what the endpoint asks to wait, and a stop that ends every wait."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from raddiag_engine.errors import RaddiagError
from raddiag_train.collection.chat_endpoint import PassingFailure

T = TypeVar("T")


class EndpointBusy(RaddiagError):
    """The endpoint asks to wait longer than a run should."""


class Stopped(Exception):
    """The run ends; nothing more is asked."""


@dataclass(frozen=True)
class Patience:
    """How long to go on.

    Attributes:
        attempts: Of one question, the first included.
        first_wait_seconds: Before the second attempt; each further one waits twice as long.
        longest_wait_seconds: Where the endpoint does not say how long.
        longest_asked_seconds: That an endpoint may ask to wait; beyond it the run ends, to be gone on with later.
    """

    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    longest_asked_seconds: float = 600.0


class Gate:
    """Where all threads wait together: a limit that one of them ran into holds for the others too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._opens_at = clock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()

    def hold_all(self, seconds: float) -> None:
        """Let nobody pass for so long."""
        with self._lock:
            self._opens_at = max(self._opens_at, self._clock() + seconds)

    def wait(self, seconds: float = 0.0) -> None:
        """Wait so long, and until the gate is open.

        Raises:
            Stopped: The run ends.
        """
        own_end = self._clock() + seconds
        while True:
            with self._lock:
                left = max(own_end, self._opens_at) - self._clock()
            if self._stopped.wait(max(left, 0.0)):
                raise Stopped
            if left <= 0:
                return


def ask_patiently(ask: Callable[[], T], gate: Gate, patience: Patience) -> T:
    """The answer, after as many attempts as it takes.

    Raises:
        PassingFailure: Of the last attempt, when all failed.
        EndpointBusy: It asks to wait too long.
        Stopped: The run ends.
    """
    for attempt in range(patience.attempts):
        gate.wait()
        try:
            return ask()
        except PassingFailure as failure:
            asked = failure.retry_after_seconds
            if asked is not None and asked > patience.longest_asked_seconds:
                raise EndpointBusy(
                    f"the endpoint asks to wait {asked:.0f} s; what it answered so far is kept; run again after that"
                ) from failure
            if attempt == patience.attempts - 1:
                raise
            if asked is not None:
                gate.hold_all(asked)
                gate.wait()
            else:
                gate.wait(_back_off_seconds(attempt, patience))
    raise AssertionError("a question is asked at least once")


def _back_off_seconds(attempt: int, patience: Patience) -> float:
    """Twice as long each time, with a random half, so that threads which failed together do not return together."""
    longest = min(patience.first_wait_seconds * 2**attempt, patience.longest_wait_seconds)
    return longest * random.uniform(0.5, 1.0)
