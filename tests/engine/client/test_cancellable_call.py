"""Whoever waits for a call can stop waiting, and is told what the call tells."""

from __future__ import annotations

import threading
import time

import pytest

from raddiag_engine.client.cancellable_call import Steps, call_cancellably
from raddiag_engine.errors import Cancelled


def test_progress_comes_in_order_in_the_thread_that_waits() -> None:
    seen: list[tuple[object, ...]] = []

    def work(steps: Steps) -> int:
        for done in range(3):
            steps.tell(done, 3, "counting")
        return threading.get_ident()

    worked_in = call_cancellably(work, lambda *step: seen.append((*step, threading.get_ident())))
    assert seen == [(done, 3, "counting", threading.get_ident()) for done in range(3)]
    assert worked_in != threading.get_ident()


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    def work(steps: Steps) -> None:
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        call_cancellably(work)


@pytest.mark.parametrize("how", ["cancelled", "progress"])
def test_a_call_that_heeds_its_end_says_goodbye_first(how: str) -> None:
    said: list[str] = []

    def work(steps: Steps) -> None:
        try:
            while True:
                steps.tell(0, 0, "working")
                time.sleep(0.01)
        finally:
            time.sleep(0.2)
            said.append("goodbye")

    def refuse(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        if how == "progress":
            call_cancellably(work, progress=refuse)
        else:
            call_cancellably(work, cancelled=lambda: True)
    assert said == ["goodbye"]


def test_a_call_that_hangs_is_not_waited_for() -> None:
    free, ended = threading.Event(), threading.Event()

    def work(steps: Steps) -> None:
        free.wait(30)
        try:
            steps.check()
        finally:
            ended.set()

    begun = time.monotonic()
    cancel_at = begun + 0.2
    with pytest.raises(Cancelled):
        call_cancellably(work, cancelled=lambda: time.monotonic() > cancel_at)
    assert time.monotonic() - begun < 2.5
    assert not ended.is_set()
    free.set()
    assert ended.wait(5), "it ends as soon as it can"


def test_silence_is_used_to_ask() -> None:
    asked: list[float] = []
    call_cancellably(lambda steps: time.sleep(0.5), cancelled=lambda: asked.append(time.monotonic()) is not None)
    assert 3 <= len(asked) <= 11
