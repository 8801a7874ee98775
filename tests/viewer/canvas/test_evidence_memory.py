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
    """Also if what comes next is dark, or nothing: a hidden layer keeps no slice that was drawn."""
    scan = phantom(scan_id="a")[0]
    canvas.layers.show_case(Case((scan,)))
    first = evidence(scan, "A", 0.5)
    canvas.saliency.show([first])
    layer = canvas.saliency.layer("a")
    assert layer is not None and np.shares_memory(layer.data, first.values)
    values = weakref.ref(first.values)
    del first
    for disorder, strength in (("B", 0.0), ("C", 0.25), ("", 0.0), ("D", 0.5), ("E", 0.125)):
        hands.settle(0.05)  # what was to be drawn is drawn
        if disorder:
            following = evidence(scan, disorder, strength)
            canvas.saliency.show([following])
            following_values = weakref.ref(following.values)
            del following
        else:
            canvas.saliency.put_away()
        hands.settle(0.05)
        gc.collect()
        assert values() is None
        values = following_values
        assert float(layer.data.max()) == strength
        assert layer.visible == (strength > 0)
