"""Layers of napari's own opening, read in a thread; what goes wrong is one line in napari's notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from napari.layers import Layer
from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, QTimer

from napari_raddiag.canvas.layer_data import LayerTuple
from napari_raddiag.engine_link.task import Task, describe_problem
from napari_raddiag.handover import note_paths

Reader = Callable[[Sequence[Path]], list[LayerTuple]]


class ReaderWithProgress(Protocol):
    """Reads paths and reports (done, total, what)."""

    def __call__(self, paths: Sequence[Path], progress: Callable[[int, int, str], None]) -> list[LayerTuple]: ...


def read_in_background(window: Any, paths: tuple[Path, ...], read: ReaderWithProgress) -> None:
    """Read in a thread and add the layers when they are there; returns at once.

    Args:
        window: napari's QtViewer; nothing is added once it is closed.
        paths: Together one case.
        read: Makes layers of paths; runs in the thread.
    """

    def work(progress: Callable[[int, int, str], None], cancelled: object) -> list[LayerTuple]:
        return read(paths, progress)

    task = Task(work, window)
    task.progress.connect(partial(_tell, window.viewer))
    task.finished.connect(lambda layers: AddedOneByOne(window, paths, layers))
    task.failed.connect(show_error)
    task.ended.connect(task.deleteLater)
    task.start()


def read_or_say_why(paths: tuple[Path, ...], read: Reader) -> list[LayerTuple]:
    """Read now, while nobody is at the window yet; no layers and a notification if it fails."""
    try:
        return read(paths)
    except Exception as error:  # noqa: BLE001  whatever it is, napari must not show a traceback
        show_error(describe_problem(error))
        return []


class AddedOneByOne(QObject):
    """napari takes some 50 ms for a layer: the window breathes between two of them."""

    def __init__(self, window: Any, paths: tuple[Path, ...], layers: list[LayerTuple]) -> None:
        super().__init__(window)
        self._viewer = window.viewer
        self._paths = paths
        self._layers = list(layers)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._add_next)
        self._timer.start()

    def _add_next(self) -> None:
        if not self._layers:
            self._timer.stop()
            self.deleteLater()
            return
        layer = Layer.create(*self._layers.pop(0))
        note_paths(layer, self._paths)
        self._viewer.add_layer(layer)


def _tell(viewer: Any, done: int, total: int, what: str) -> None:
    viewer.status = f"{what} ({done} of {total})" if total else what
