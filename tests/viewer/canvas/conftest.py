"""A napari window for each test, with what a test of the canvas needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from tests.viewer.canvas.hands import Hands


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
