"""How the viewer feels: time to the panel, and how long the window stands still while a case is read and explained.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/viewer.py [--json F] [PATH ...]   # a minute on 2 cores

A heartbeat of 5 ms runs in the main thread of the real window with the real engine process (heartbeat.py): every block
is put down to our code, to napari called by our code, or to napari and Qt alone.
References: the same window before our panel is there (`idle`), and scrolling while the engine has nothing to do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from heartbeat import Heartbeat, milliseconds

WAIT_SECONDS = 300.0
SCROLL_SECONDS = 5.0
STEP_SECONDS = 0.03
PHASES = (
    *("idle", "panel", "open", "diagnose", "explain", "cached overlay"),
    *("scroll", "scroll while the engine works"),
)
WHOSE = ("ours", "napari called by ours")


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


class Reading:
    """A person who opens a case, has it diagnosed, looks at evidence and scrolls; each step is a phase of the heart.

    Attributes:
        heart: What watches the main thread.
        panel: Ours, once it is open.
    """

    def __init__(self) -> None:
        import napari
        from qtpy.QtWidgets import QApplication

        self._viewer = napari.Viewer()
        self._viewer.window.resize(1366, 768)
        self._application = QApplication.instance()
        self._wait(2.0)
        self.heart = Heartbeat()
        self.heart.begin("idle")
        self._wait(2.0)

    def open_panel(self) -> dict[str, float]:
        """Our panel, until its engine is ready."""
        self.heart.begin("panel")
        start = time.perf_counter()
        from napari_raddiag.window import panel_in

        self.panel = panel_in(self._viewer)
        self._application.processEvents()
        panel_seconds = time.perf_counter() - start
        ready_seconds = self._until(lambda: self.panel.link.state.can_compute and self.panel.link.card is not None)
        self._wait(1.0)
        return {"panel_opens_seconds": round(panel_seconds, 3), "engine_ready_seconds": round(ready_seconds, 2)}

    def open_case(self, paths: tuple[Path, ...]) -> dict[str, float]:
        """A case, until all of it is read."""
        self.heart.begin("open")
        self.panel.open_paths(paths)
        seconds = self._until(lambda: self.panel.session.case is not None and not self.panel.opener.is_reading)
        self._wait(1.0)
        return {"open_seconds": round(seconds, 2)}

    def diagnose(self) -> dict[str, float]:
        """Its diagnosis."""
        self.heart.begin("diagnose")
        self.panel.diagnosis.diagnose()
        seconds = self._until(lambda: self.panel.session.current_diagnosis is not None)
        self._wait(1.0)
        return {"diagnose_seconds": round(seconds, 2)}

    def explain(self) -> dict[str, dict[str, float]]:
        """The evidence of three disorders, computed, then shown again with and without the jump to its peak."""
        self.heart.begin("explain")
        names = [s.name for s in self.panel.session.current_diagnosis.disorders if s.state != "not assessed"][:3]
        computed = {}
        for name in names:
            self.panel.evidence.show(name)
            computed[name] = round(self._until(lambda name=name: self.panel.evidence.disorder == name), 3)
            self._wait(0.5)
        self.heart.begin("cached overlay")
        jumping = [self._timed(lambda name=name: self.panel.evidence.show(name)) for name in (*names, *names)]
        maps = [self.panel.session.maps_of(name, self.panel.evidence.method) for name in (*names, *names)]
        alone = [self._timed(lambda shown=shown: self.panel.canvas.saliency.show(shown)) for shown in maps]
        return {
            "explain_seconds": computed,
            "cached_overlay_with_jump_to_the_peak_ms": _spread(jumping),
            "cached_overlay_without_jump_ms": _spread(alone),
        }

    def scroll(self) -> dict[str, dict[str, float]]:
        """Through a volume, beside an engine that is idle and one that works for seconds."""
        layers = self.panel.canvas.layers
        for scan_id in layers.scan_ids:
            if layers.navigation.can_step(scan_id):
                layers.activate(scan_id)
        self._wait(0.5)
        self.heart.begin("scroll")
        alone = self._steps(lambda: True)
        self.heart.begin("scroll while the engine works")
        # Covers the scans part by part: seconds of work for the engine, and its progress comes in meanwhile.
        computing: list[str] = []
        self.panel.evidence.computing.connect(computing.append)
        self.panel.evidence.choose_method("occlusion")
        self._wait(0.3)
        beside = self._steps(lambda: bool(computing and computing[-1]))
        self.panel.evidence.cancel()
        self._wait(0.5)
        return {"scroll": alone, "scroll_while_the_engine_works": beside}

    def _steps(self, goes_on: Callable[[], bool]) -> dict[str, float]:
        """A slice every 30 ms; each is drawn before the next."""
        took = []
        end = time.perf_counter() + SCROLL_SECONDS
        while time.perf_counter() < end and goes_on():
            start = time.perf_counter()
            self.panel.canvas.layers.navigation.step_slice(1, around=True)
            self._application.processEvents()
            took.append(time.perf_counter() - start)
            self._wait(max(STEP_SECONDS - took[-1], 0))
        if not took:
            return {"steps": 0}
        return {
            "steps": len(took),
            "median_ms": milliseconds(statistics.median(took)),
            "longest_ms": milliseconds(max(took)),
        }

    def _timed(self, action: Callable[[], object]) -> float:
        start = time.perf_counter()
        action()
        seconds = time.perf_counter() - start
        self._wait(0.3)
        return seconds

    def _until(self, done: Callable[[], bool]) -> float:
        start = time.perf_counter()
        while not done():
            self._application.processEvents()
            if time.perf_counter() - start > WAIT_SECONDS:
                raise SystemExit("it did not happen in time")
        return time.perf_counter() - start

    def _wait(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        self._until(lambda: time.perf_counter() > end)


def measure(paths: tuple[Path, ...]) -> dict[str, object]:
    """Open, diagnose, explain and show again, in one window."""
    from raddiag_resources import path_of

    import_seconds = _import_seconds()
    reading = Reading()
    figures = {
        "import_plugin_seconds_after_napari": import_seconds,
        **reading.open_panel(),
        **reading.open_case(paths or (path_of("sample_case"),)),
        **reading.diagnose(),
        **reading.explain(),
        **reading.scroll(),
    }
    reading.panel.shut_down()
    heart = reading.heart
    blocks = sorted(heart.blocks, key=lambda block: -block.ms)[:20]
    return {
        **figures,
        "longest_block_ms": {
            phase: {"all": heart.longest(phase), **{whose: heart.longest(phase, whose) for whose in WHOSE}}
            for phase in PHASES
        },
        "blocks": [asdict(block) for block in blocks],
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


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median": milliseconds(sorted(seconds)[len(seconds) // 2]), "longest": milliseconds(max(seconds))}


if __name__ == "__main__":
    main()
