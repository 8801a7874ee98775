"""What was fitted to the window stays fitted, whoever changes the window's size; what a person moved stays put."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.canvas.view_camera import FILLED_SHARE
from raddiag_engine.cases import Case, Scan
from tests.viewer.asymmetric_phantom import phantom
from tests.viewer.canvas.hands import Hands


@pytest.fixture
def case() -> Case:
    """An image, and a volume with which napari's slider comes and makes the canvas smaller."""
    image = Scan("image", "image", np.random.default_rng(0).integers(0, 255, (60, 40)).astype(np.uint8))
    return Case((image, phantom(scan_id="volume")[0]))


def filled(canvas: ReadingCanvas) -> float:
    """Share of the canvas that the scan in view fills, along the side that is filled most."""
    layers, viewer = canvas.layers, canvas.layers.viewer
    assert layers.active is not None
    size_px = layers.seat(layers.active).screen_size * viewer.scene.camera.zoom
    return float(np.max(size_px / np.array(viewer.canvas.viewbox_size(viewer.layers))))


def test_a_resized_window_shows_the_whole_scan_in_every_way_it_came_into_view(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case
) -> None:
    layers, window = canvas.layers, viewer.window
    layers.show_case(case, gradually=True)
    hands.settle(0.3)
    assert filled(canvas) == pytest.approx(FILLED_SHARE, abs=0.01)  # though the slider came after the fit
    steps = (
        lambda: None,
        lambda: layers.activate("volume"),
        lambda: layers.activate("image"),  # as it was left
        lambda: (layers.set_grid(True), layers.set_grid(False)),
    )
    for number, step in enumerate(steps):
        step()
        window.resize(900 + 50 * (number % 2), 600 + 80 * (number % 2))
        hands.settle(0.3)
        assert filled(canvas) == pytest.approx(FILLED_SHARE, abs=0.01), number


def test_what_a_person_has_moved_is_left_alone(canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case) -> None:
    layers = canvas.layers
    layers.show_case(case)
    viewer.scene.camera.zoom *= 2
    zoom = viewer.scene.camera.zoom
    layers.activate("volume")
    layers.activate("image")
    viewer.window.resize(900, 600)
    hands.settle(0.3)
    assert viewer.scene.camera.zoom == pytest.approx(zoom)
