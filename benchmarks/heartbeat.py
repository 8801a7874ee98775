"""How long a window stands still, and whose doing it is: a heartbeat in the main thread, watched from another one.

When the beat is late, the watcher looks at what the main thread is doing, so that every block is put down to our code,
to napari called by our code, or to napari and Qt alone. It can only look when Python's lock is free, so that one look
proves nothing: a block says how many looks agreed, and how long the main thread computed in it.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType

BEAT_MS = 5
LATE_SECONDS = 0.02
BLOCK_SECONDS = 0.05
OURS = ("napari_raddiag", "raddiag_engine")


@dataclass(frozen=True)
class Block:
    """A time in which the window did not react.

    Attributes:
        phase: What was going on.
        ms: How long.
        computed_ms: For how much of it the main thread had a core.
        whose: "ours", "napari called by ours" or "napari and Qt"; what most looks found.
        where: The innermost line of ours, or of napari if none of ours was at work; what most of these looks found.
        looks: (that found this place, in all).
    """

    phase: str
    ms: float
    computed_ms: float
    whose: str
    where: str
    looks: tuple[int, int]


class Heartbeat:
    """Beats in the main thread, watched from another one."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.phase = "start"
        self.blocks: list[Block] = []
        self._main = threading.main_thread().ident
        self._last = time.perf_counter()
        self._computed = time.thread_time()
        self._seen: list[tuple[str, str]] = []
        self._timer = QTimer()
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self, phase: str) -> None:
        """From now on blocks belong to another phase."""
        self.phase = phase
        self._last, self._computed = time.perf_counter(), time.thread_time()
        self._seen.clear()

    def longest(self, phase: str, whose: str | None = None) -> dict[str, float]:
        """Longest block in a phase in milliseconds, and the longest work of the main thread in one; 0 for none."""
        blocks = [block for block in self.blocks if block.phase == phase and whose in (None, block.whose)]
        return {
            "passed": max((block.ms for block in blocks), default=0.0),
            "computed": max((block.computed_ms for block in blocks), default=0.0),
        }

    def _beat(self) -> None:
        now, computed = time.perf_counter(), time.thread_time()
        gap, work = now - self._last, computed - self._computed
        self._last, self._computed = now, computed
        seen = tuple(self._seen)
        self._seen.clear()
        if gap > BLOCK_SECONDS:
            whose = statistics.mode([whose for whose, _ in seen]) if seen else "not seen"
            places = [place for by, place in seen if by == whose]
            where = statistics.mode(places) if places else ""
            looks = places.count(where), len(seen)
            self.blocks.append(Block(self.phase, milliseconds(gap), milliseconds(work), whose, where, looks))

    def _watch(self) -> None:
        while True:
            time.sleep(LATE_SECONDS / 4)
            if time.perf_counter() - self._last > LATE_SECONDS:
                frame = sys._current_frames().get(self._main or 0)
                if frame is not None:
                    self._seen.append(_blame(frame))


def _blame(frame: FrameType | None) -> tuple[str, str]:
    """Whose code holds the main thread, and where."""
    inner: str | None = None
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        top = module.partition(".")[0]
        place = f"{module}:{frame.f_code.co_name}:{frame.f_lineno}"
        if top in OURS:
            return ("napari called by ours" if inner else "ours"), place
        if top in ("napari", "vispy") and inner is None:
            inner = place
        frame = frame.f_back
    return "napari and Qt", inner or "Qt"


def milliseconds(seconds: float) -> float:
    """To a tenth."""
    return round(1000 * seconds, 1)
