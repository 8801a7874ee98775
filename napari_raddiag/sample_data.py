"""napari's sample data contribution: the bundled synthetic patient."""

from __future__ import annotations

from napari_raddiag.canvas.layer_data import LayerTuple
from napari_raddiag.reader import read_layers
from raddiag_resources import path_of


def sample_case() -> list[LayerTuple]:
    """The scans of the sample case, which are made by a program and of nobody."""
    return read_layers(str(path_of("sample_case")))
