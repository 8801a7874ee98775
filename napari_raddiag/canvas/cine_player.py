"""Playing the frames of a loop, or the slices of a volume, around and around."""

from __future__ import annotations

import math

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.canvas.scan_layers import ScanLayers
from raddiag_engine.cases import Scan

# Where the file does not say how fast a loop was taken.
FRAMES_PER_SECOND = 15.0
SLOWEST, FASTEST = 0.5, 60.0
MILLISECONDS_PER_SECOND = 1000.0


class CinePlayer(QObject):
    """Plays the scan in view; stops when another comes into view.

    Signals:
        playing_changed: True while it plays.
    """

    playing_changed = Signal(bool)

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__()
        self.layers = layers
        self._asked_for: float | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)
        layers.active_changed.connect(self._on_active)

    @property
    def frames_per_second(self) -> float:
        """Of the scan in view: as asked for since it came into view, else as `default_speed` says."""
        if self._asked_for is not None:
            return self._asked_for
        active = self.layers.active
        return FRAMES_PER_SECOND if active is None else default_speed(self.layers.scan(active))

    @property
    def playing(self) -> bool:
        """True while it plays."""
        return self._timer.isActive()

    def play(self, frames_per_second: float | None = None) -> bool:
        """Start; False if there is nothing to play.

        Args:
            frames_per_second: From 0.5 to 60; by default as before, and at first as the loop was taken.
        """
        if frames_per_second is not None:
            self._asked_for = _playable(frames_per_second)
        if self.layers.active is None or not self.layers.navigation.can_step(self.layers.active):
            return False
        was_playing = self.playing
        self._timer.start(round(MILLISECONDS_PER_SECOND / self.frames_per_second))
        if not was_playing:
            self.playing_changed.emit(True)
        return True

    def stop(self) -> None:
        """Stop where it is."""
        if self.playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play, or stop."""
        if self.playing:
            self.stop()
        else:
            self.play()

    def close(self) -> None:
        """Play no more."""
        self.stop()
        self.layers.active_changed.disconnect(self._on_active)

    def _next(self) -> None:
        self.layers.navigation.step_slice(1, around=True)

    def _on_active(self, _scan_id: str) -> None:
        self.stop()
        self._asked_for = None


def default_speed(scan: Scan) -> float:
    """Frames a second that a loop was taken at, as far as they can be played; 15 where the file does not say."""
    frame_time_ms = scan.frame_time_ms
    if scan.kind != "cine" or frame_time_ms is None or not (math.isfinite(frame_time_ms) and frame_time_ms > 0):
        return FRAMES_PER_SECOND
    return _playable(MILLISECONDS_PER_SECOND / frame_time_ms)


def _playable(frames_per_second: float) -> float:
    return min(max(frames_per_second, SLOWEST), FASTEST)
