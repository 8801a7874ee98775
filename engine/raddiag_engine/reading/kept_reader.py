"""The reading process kept between cases, as starting one costs half a second; it is ended after idle time."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from raddiag_engine.reading.guard import GuardedReader

IDLE_SECONDS = 300.0

_lock = threading.Lock()
_idle: GuardedReader | None = None
_timer: threading.Timer | None = None


@contextmanager
def kept_reader() -> Iterator[GuardedReader]:
    """The kept reader if it is free, else one of its own, so that two cases can be read at once."""
    reader = _taken() or GuardedReader()
    try:
        yield reader
    finally:
        _put_back(reader)


def start_ahead() -> None:
    """Start the reading process before there is anything to read; does not wait for it."""
    reader = _taken() or GuardedReader()
    reader.start()
    _put_back(reader)


def end_kept_reader() -> None:
    """End the reading process if none of its work is going on."""
    reader = _taken()
    if reader is not None:
        reader.close()


def _taken() -> GuardedReader | None:
    global _idle
    with _lock:
        reader, _idle = _idle, None
        if _timer is not None:
            _timer.cancel()
    return reader


def _put_back(reader: GuardedReader) -> None:
    global _idle, _timer
    with _lock:
        if _idle is None and reader.process_id is not None:
            _idle = reader
            _timer = threading.Timer(IDLE_SECONDS, end_kept_reader)
            _timer.daemon = True
            _timer.start()
            return
    reader.close()


def _forget_in_fork() -> None:
    """A forked copy of this process holds the same pipes: it must neither use them nor keep them open."""
    global _idle, _timer, _lock
    _lock, _timer = threading.Lock(), None
    if _idle is not None:
        _idle.let_go()
        _idle = None


atexit.register(end_kept_reader)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_fork)
