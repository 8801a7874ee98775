"""Playing the frames of a loop, or the slices of a volume, around and around."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.canvas.scan_layers import ScanLayers

FRAMES_PER_SECOND = 15.0
SLOWEST, FASTEST = 0.5, 60.0


class CinePlayer(QObject):
    """Plays the scan in view; stops when another comes into view.

    Signals:
        playing_changed: True while it plays.
    """

    playing_changed = Signal(bool)

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__()
        self.layers = layers
        self.frames_per_second = FRAMES_PER_SECOND
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)
        layers.active_changed.connect(self._on_active)

    @property
    def playing(self) -> bool:
        """True while it plays."""
        return self._timer.isActive()

    def play(self, frames_per_second: float | None = None) -> bool:
        """Start; False if there is nothing to play.

        Args:
            frames_per_second: From 0.5 to 60; by default as before.
        """
        if frames_per_second is not None:
            self.frames_per_second = min(max(frames_per_second, SLOWEST), FASTEST)
        if self.layers.active is None or not self.layers.can_step(self.layers.active):
            return False
        was_playing = self.playing
        self._timer.start(round(1000 / self.frames_per_second))
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
        self.layers.step_slice(1, around=True)

    def _on_active(self, _scan_id: str) -> None:
        self.stop()
