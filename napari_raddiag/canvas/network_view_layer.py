"""What the network sees of a scan, laid upon the scan and taken away again."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.layer_data import METADATA
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.display.network_view import NetworkView, network_view
from raddiag_engine.preparation import PreparedScan


class NetworkViewLayer(QObject):
    """One layer a scan at most; it covers the scan, pixel for pixel as the network gets it.

    Signals:
        shown_changed: Scan id, and whether its layer is wanted.
    """

    shown_changed = Signal(str, bool)

    def __init__(self, viewer: Any, layers: ScanLayers) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers = layers
        self._prepared: dict[str, PreparedScan] = {}
        layers.layers_lost.connect(self._forget_lost)

    def show(self, prepared: PreparedScan) -> None:
        """Lay a prepared scan upon its scan; KeyError if that is not shown."""
        scan_id = prepared.scan_id
        seat = self._layers.seat(scan_id)
        there = self._layers.stack.get(scan_id, "network")
        if there is None or self._prepared.get(scan_id) is not prepared:
            view = network_view(prepared, seat.grid)
            self._layers.stack.put(scan_id, "network", view.voxels, self._settings(scan_id, view), seat.pose)
            self._prepared[scan_id] = prepared
            there = self._layers.stack.get(scan_id, "network")
        assert there is not None
        self._want(scan_id, True)

    def hide(self, scan_id: str) -> None:
        """Show the scan itself again; the layer stays for the next time."""
        if self.is_shown(scan_id):
            self._want(scan_id, False)

    def is_shown(self, scan_id: str) -> bool:
        """True if the network's view is wanted upon a scan."""
        there = self._layers.stack.get(scan_id, "network")
        return there is not None and there.wanted

    def clear(self) -> None:
        """Remove all such layers, as after a change of window or model."""
        for scan_id in self._layers.scan_ids:
            if self._layers.stack.get(scan_id, "network") is not None:
                self._layers.stack.remove(scan_id, "network")
                self.shown_changed.emit(scan_id, False)
        self._prepared.clear()
        self._layers.refresh_visibility()

    def _forget_lost(self) -> None:
        """A person removed such a layer: it is not shown any more."""
        for scan_id in [i for i in self._prepared if self._layers.stack.get(i, "network") is None]:
            del self._prepared[scan_id]
            self.shown_changed.emit(scan_id, False)

    def _want(self, scan_id: str, wanted: bool) -> None:
        there = self._layers.stack.get(scan_id, "network")
        if there is not None:
            there.wanted = wanted
            self._layers.refresh_visibility()
            self.shown_changed.emit(scan_id, wanted)

    def _settings(self, scan_id: str, view: NetworkView) -> dict[str, Any]:
        grid = self._layers.grid_of(scan_id)
        return {
            "name": f"as the network sees it: {self._layers.title(scan_id)}",
            "rgb": False,
            "colormap": "gray",
            "contrast_limits": (0.0, 1.0),
            "interpolation2d": "nearest",
            "blending": "translucent",
            "scale": view.scale,
            "translate": view.translate,
            "axis_labels": grid.axis_labels,
            "units": (grid.units,) * grid.ndim,
            "metadata": {METADATA: {"scan_id": scan_id, **self._place(scan_id, view)}},
        }

    def _place(self, scan_id: str, view: NetworkView) -> dict[str, Any]:
        """Affine and slice places by index of the layer, as in `scan_metadata`."""
        grid = self._layers.grid_of(scan_id)
        place: dict[str, Any] = {"affine": None, "slice_axis": grid.slice_axis, "slice_places": None}
        if grid.display_affine is None:
            return place
        to_display = np.eye(4)
        offset = 3 - grid.ndim
        for axis in range(grid.ndim):
            to_display[axis + offset, axis + offset] = view.scale[axis] / grid.scale[axis]
            to_display[axis + offset, 3] = (view.translate[axis] - grid.translate[axis]) / grid.scale[axis]
        place["affine"] = grid.display_affine @ to_display
        if grid.display_places is not None:
            axis = grid.slice_axis
            step, first = to_display[axis, axis], to_display[axis, 3]
            slices = first + step * np.arange(view.voxels.shape[axis])
            true = [grid.display_places.place_of(float(index)) for index in slices]
            place["slice_places"] = tuple((each - first) / step for each in true)
        return place
