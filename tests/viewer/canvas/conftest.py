"""A napari window for each test, with what a test of the canvas needs."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from tests.viewer.canvas.hands import Hands

if sys.version_info < (3, 12):
    # PySide6 6.12.0 returns None without a reference to it from every Qt function that returns nothing. Before Python
    # 3.12 made None immortal, that ends the process after some thousand calls ("deallocating None").
    ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40


@pytest.fixture
def viewer(make_napari_viewer: Any) -> Any:
    """A napari window on the screen."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1000, 720)
    # napari's docks change their width with the names of layers, and with it the canvas.
    for dock in (viewer.window._qt_viewer.dockLayerList, viewer.window._qt_viewer.dockLayerControls):
        dock.setVisible(False)
    Hands(viewer).settle(0.3)  # the first window is slow to take its size
    return viewer


@pytest.fixture
def canvas(viewer: Any) -> Iterator[ReadingCanvas]:
    """Our canvas in it."""
    canvas = ReadingCanvas(viewer)
    yield canvas
    canvas.close()


@pytest.fixture
def hands(viewer: Any) -> Hands:
    """A person's mouse, and eyes."""
    return Hands(viewer)
