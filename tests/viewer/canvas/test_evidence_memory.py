"""Layers hold views of the maps that are shown, and no others: what is kept of maps is all that they cost."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from raddiag_engine.cases import Case, Scan
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.asymmetric_phantom import phantom
from tests.viewer.canvas.hands import Hands


def evidence(scan: Scan, disorder: str, strength: float) -> SaliencyMap:
    values = np.full(scan.voxels.shape, np.float32(strength))
    peak = (0,) * values.ndim
    return SaliencyMap(
        scan.id, disorder, "gradcam", values, 1.0, peak, 2.0, (2.0,) * values.ndim, "case", "in", "model"
    )


def test_a_map_that_is_not_shown_any_more_can_go(canvas: ReadingCanvas, hands: Hands) -> None:
    """At the latest when another one is drawn; also if its peaks were looked at, or a dark map came between."""
    scan = phantom(scan_id="a")[0]
    canvas.layers.show_case(Case((scan,)))
    first = evidence(scan, "A", 0.5)
    canvas.saliency.show([first])
    layer = canvas.saliency.layer("a")
    assert layer is not None and np.shares_memory(layer.data, first.values) and canvas.saliency.peaks("a")
    values = weakref.ref(first.values)
    del first
    for disorder, strength in (("B", 0.0), ("C", 0.25)):
        canvas.saliency.show([evidence(scan, disorder, strength)])
        hands.settle()  # what was to be drawn is drawn
        gc.collect()
        assert strength == 0.0 or values() is None  # a hidden layer keeps the slice that was drawn last
        assert float(layer.data.max()) == strength
        assert layer.visible == (strength > 0)
