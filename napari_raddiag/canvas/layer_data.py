"""A scan as what napari's Image layer takes: the one place for the reader, the sample data and the panel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from napari_raddiag.display.grey_window import reading_window, value_limits
from napari_raddiag.display.grid_of_scan import display_grid
from raddiag_engine.cases import Scan, Window

# Key of our entry in a layer's metadata.
METADATA = "raddiag"
INTERPOLATION = "linear"
LayerTuple = tuple[NDArray[Any], dict[str, Any], str]


def scan_layer_data(scan: Scan, title: str, case_id: str = "") -> LayerTuple:
    """(array, settings, "image") of a scan, turned for display; a view of its voxels, nothing is copied.

    Args:
        scan: The scan.
        title: Name of the layer; must hold nothing of the patient.
        case_id: Of the case, for the metadata; empty if it is not known.
    """
    grid = display_grid(scan)
    return displayed_array(scan, grid), scan_settings(scan, grid, reading_window(scan), title, case_id), "image"


def displayed_array(scan: Scan, grid: DisplayGrid) -> NDArray[Any]:
    """Voxels, or colour where there is any, in display order; a view."""
    return grid.turn(scan.voxels if scan.colour is None else scan.colour)


def scan_settings(scan: Scan, grid: DisplayGrid, window: Window, title: str, case_id: str) -> dict[str, Any]:
    """Keyword arguments of the Image layer of a scan."""
    settings: dict[str, Any] = {
        "name": title,
        "rgb": scan.colour is not None,
        "blending": "translucent",
        "interpolation2d": INTERPOLATION,
        "metadata": {METADATA: scan_metadata(scan, grid, case_id)},
        **placement(grid),
    }
    if scan.colour is None:
        settings["contrast_limits"] = value_limits(window)
        # MONOCHROME1: low values are bright; the values themselves stay the file's.
        settings["colormap"] = "gray_r" if scan.inverted else "gray"
    return settings


def placement(grid: DisplayGrid) -> dict[str, Any]:
    """Scale, translation, axis labels and units of a layer on a display grid."""
    return {
        "scale": grid.scale,
        "translate": grid.translate,
        "axis_labels": grid.axis_labels,
        "units": (grid.units,) * grid.ndim,
    }


def place_metadata(grid: DisplayGrid) -> dict[str, Any]:
    """Where the voxels of a layer on a display grid lie in the patient, as in `scan_metadata`."""
    affine, places = grid.display_affine, grid.display_places
    return {
        "affine": None if affine is None else np.array(affine),
        "slice_axis": grid.slice_axis,
        "slice_places": None if places is None else places.places,
    }


def scan_metadata(scan: Scan, grid: DisplayGrid, case_id: str) -> dict[str, Any]:
    """What other plugins and exports need to know: ids, the true affine, the plane in words; nothing of the patient.

    "affine" maps the layer's own array index (three axes, 1; the first is 0 for an image) to RAS+ millimetres. Where
    "slice_places" is not None, slices are missing: the affine is then right for slice_places[i] instead of index i of
    axis "slice_axis".
    """
    return {
        "case_id": case_id,
        "scan_id": scan.id,
        "modality": scan.modality.value,
        "plane": scan.plane.value,
        "units": scan.units,
        **place_metadata(grid),
        "oblique_degrees": round(grid.oblique_degrees, 1),
        "frame_of_reference": scan.frame_of_reference,
    }
