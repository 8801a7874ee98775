"""How the viewer feels: time to the panel, and how long the window stands still while a case is read and explained.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/viewer.py [--json F] [PATH ...]   # a minute on 2 cores

A heartbeat of 5 ms runs in the main thread of the real window with the real engine process. When it is late, a second
thread looks at what the main thread is doing, so that every block is put down to our code, to napari called by our
code, or to napari and Qt alone. It can only look when Python's lock is free, so that one look proves nothing: a block
says how many looks agreed, and how long the main thread computed in it; the rest is what others took of its core.
References: the same window before our panel is there (`idle`), and scrolling while the engine has nothing to do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

BEAT_MS = 5
LATE_SECONDS = 0.02
BLOCK_SECONDS = 0.05
WAIT_SECONDS = 300.0
SCROLL_SECONDS = 5.0
STEP_SECONDS = 0.03
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
            self.blocks.append(Block(self.phase, _ms(gap), _ms(work), whose, where, looks))

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


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="a case (default: the bundled sample case)")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(tuple(arguments.paths))
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


def measure(paths: tuple[Path, ...]) -> dict[str, object]:
    """Open, diagnose, explain and show again, in one window."""
    import_seconds = _import_seconds()
    import napari
    from qtpy.QtWidgets import QApplication

    from raddiag_resources import path_of

    viewer = napari.Viewer()
    viewer.window.resize(1366, 768)
    application = QApplication.instance()
    assert application is not None

    def until(done: Callable[[], bool]) -> float:
        start = time.perf_counter()
        while not done():
            application.processEvents()
            if time.perf_counter() - start > WAIT_SECONDS:
                raise SystemExit("it did not happen in time")
        return time.perf_counter() - start

    def for_seconds(seconds: float) -> None:
        end = time.perf_counter() + seconds
        until(lambda: time.perf_counter() > end)

    for_seconds(2.0)
    heart = Heartbeat()
    heart.begin("idle")
    for_seconds(2.0)

    heart.begin("panel")
    start = time.perf_counter()
    from napari_raddiag.window import panel_in

    panel = panel_in(viewer)
    application.processEvents()
    panel_seconds = time.perf_counter() - start
    ready_seconds = until(lambda: panel.link.state.can_compute and panel.link.card is not None)
    for_seconds(1.0)

    heart.begin("open")
    panel.open_paths(paths or (path_of("sample_case"),))
    open_seconds = until(lambda: panel.session.case is not None and not panel.opener.is_reading)
    for_seconds(1.0)

    heart.begin("diagnose")
    panel.diagnosis.diagnose()
    diagnose_seconds = until(lambda: panel.session.current_diagnosis is not None)
    for_seconds(1.0)
    diagnosis = panel.session.current_diagnosis
    assert diagnosis is not None

    heart.begin("explain")
    names = [score.name for score in diagnosis.disorders if score.state != "not assessed"][:3]
    explain_seconds = {}
    for name in names:
        panel.evidence.show(name)
        explain_seconds[name] = round(until(lambda name=name: panel.evidence.disorder == name), 3)
        for_seconds(0.5)

    heart.begin("cached overlay")
    cached = []
    for name in (*names, *names):
        start = time.perf_counter()
        panel.evidence.show(name)
        cached.append(time.perf_counter() - start)
        for_seconds(0.3)

    alone = []
    for name in (*names, *names):
        maps = panel.session.maps_of(name, panel.evidence.method)
        assert maps is not None
        start = time.perf_counter()
        panel.canvas.saliency.show(maps)
        alone.append(time.perf_counter() - start)
        for_seconds(0.3)

    layers = panel.canvas.layers
    for scan_id in layers.scan_ids:
        if layers.navigation.can_step(scan_id):
            layers.activate(scan_id)
    for_seconds(0.5)

    def scroll(goes_on: Callable[[], bool]) -> dict[str, float]:
        """A slice every 30 ms; each is drawn before the next."""
        took = []
        end = time.perf_counter() + SCROLL_SECONDS
        while time.perf_counter() < end and goes_on():
            start = time.perf_counter()
            layers.navigation.step_slice(1, around=True)
            application.processEvents()
            took.append(time.perf_counter() - start)
            for_seconds(max(STEP_SECONDS - took[-1], 0))
        if not took:
            return {"steps": 0}
        return {"steps": len(took), "median_ms": _ms(statistics.median(took)), "longest_ms": _ms(max(took))}

    heart.begin("scroll")
    scrolled_alone = scroll(lambda: True)
    heart.begin("scroll while the engine works")
    # Covers the scans part by part: seconds of work for the engine, and its progress comes in meanwhile.
    computing: list[str] = []
    panel.evidence.computing.connect(computing.append)
    panel.evidence.choose_method("occlusion")
    for_seconds(0.3)
    scrolled_beside = scroll(lambda: bool(computing and computing[-1]))
    panel.evidence.cancel()
    for_seconds(0.5)
    panel.shut_down()

    phases = (
        *("idle", "panel", "open", "diagnose", "explain", "cached overlay"),
        *("scroll", "scroll while the engine works"),
    )
    return {
        "import_plugin_seconds_after_napari": import_seconds,
        "panel_opens_seconds": round(panel_seconds, 3),
        "engine_ready_seconds": round(ready_seconds, 2),
        "open_seconds": round(open_seconds, 2),
        "diagnose_seconds": round(diagnose_seconds, 2),
        "explain_seconds": explain_seconds,
        "cached_overlay_with_jump_to_the_peak_ms": {
            "median": _ms(sorted(cached)[len(cached) // 2]),
            "longest": _ms(max(cached)),
        },
        "cached_overlay_without_jump_ms": {"median": _ms(sorted(alone)[len(alone) // 2]), "longest": _ms(max(alone))},
        "scroll": scrolled_alone,
        "scroll_while_the_engine_works": scrolled_beside,
        "longest_block_ms": {
            phase: {
                "all": heart.longest(phase),
                "ours": heart.longest(phase, "ours"),
                "napari called by ours": heart.longest(phase, "napari called by ours"),
            }
            for phase in phases
        },
        "blocks": [asdict(block) for block in sorted(heart.blocks, key=lambda block: -block.ms)[:20]],
    }


def _import_seconds() -> float:
    """What importing the plugin's manifest module adds after napari, in a fresh interpreter."""
    program = (
        "import time, napari, napari.viewer\n"
        "start = time.perf_counter()\n"
        "import napari_raddiag, napari_raddiag.reader, napari_raddiag.sample_data\n"
        "print(time.perf_counter() - start)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return round(float(done.stdout.split()[-1]), 3)


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


if __name__ == "__main__":
    main()
