"""napari's sample data contribution: the bundled synthetic patient."""

from __future__ import annotations

from napari_raddiag.canvas.layer_data import LayerTuple
from napari_raddiag.handover import panel_without_case
from napari_raddiag.reader import case_layers
from raddiag_resources import path_of

SAMPLE_CASE = path_of("sample_case")


def sample_case() -> list[LayerTuple]:
    """The scans of the sample case, which are made by a program and of nobody.

    napari wants layers of a sample at once, or it shows a traceback; a panel that waits for a case takes them over.
    """
    from raddiag_engine.reading import read_case

    # Our own files need no guard, whose process would take seconds to start.
    layers = case_layers(read_case([SAMPLE_CASE], guarded=False))
    panel = panel_without_case()
    if panel is not None:
        from qtpy.QtCore import QTimer

        QTimer.singleShot(0, panel, panel.handover.take_over)
    return layers
