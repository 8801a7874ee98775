"""While a case is open the image stands in black, whatever the theme, and one number is said of a slice, not two."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from raddiag_engine.cases import Case
from tests.viewer.asymmetric_phantom import phantom
from tests.viewer.canvas.hands import Hands


def test_black_and_no_numbers_of_napari_until_the_case_is_closed(viewer: Any, hands: Hands) -> None:
    viewer.theme = "light"
    canvas = ReadingCanvas(viewer)
    sliders = viewer.window._qt_viewer.dims
    corner = np.s_[:8, :8]
    assert hands.look()[corner].min() > 200
    canvas.layers.show_case(Case((phantom(scan_id="a")[0],)))
    assert hands.look()[corner].max() < 10
    [slider] = [each for each in sliders.slider_widgets if each.isVisible()]
    assert not slider.curslice_label.isVisible() and not slider.totslice_label.isVisible()
    other = viewer.add_image(np.zeros((2, 3, 4, 5, 6)), name="another's")  # more axes, more sliders
    hands.settle()
    assert not any(each.curslice_label.isVisible() for each in sliders.slider_widgets)
    viewer.layers.remove(other)
    canvas.close()
    assert hands.look()[corner].min() > 200
    assert not any(each.curslice_label.isHidden() for each in sliders.slider_widgets)
