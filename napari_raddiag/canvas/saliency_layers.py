"""The evidence for a disorder upon the scans: one scale over the case, nothing where there is none.

Each scan has one evidence layer and, for comparing, a second one; showing another disorder changes what is in them, and
adds nothing to the layer list. napari needs some 50 ms for a new layer and 200 ms to take one out: those of scans out
of sight come one by one, and what shows nothing any more stays until the case goes, hidden, empty and nameless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_raddiag.canvas.evidence_colours import EvidenceColour, evidence_colormap
from napari_raddiag.canvas.layer_data import INTERPOLATION, METADATA, place_metadata, placement
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.display.evidence_peaks import is_dark
from raddiag_engine.saliency.saliency_map import SaliencyMap

OPACITY = 0.45
COLOURS: tuple[EvidenceColour, ...] = ("evidence", "comparison")


class SaliencyLayers(QObject):
    """Overlays of at most two disorders."""

    def __init__(self, viewer: Any, layers: ScanLayers) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers = layers
        self._opacity = OPACITY
        self._shown: dict[EvidenceColour, dict[str, SaliencyMap]] = {colour: {} for colour in COLOURS}
        self._pending: list[tuple[str, EvidenceColour]] = []
        self._loading = QTimer(self)
        self._loading.setInterval(0)
        self._loading.timeout.connect(self._put_next)
        layers.active_changed.connect(self._put_in_sight)
        layers.grid_changed.connect(self._put_in_sight)
        self._colormaps = {colour: evidence_colormap(colour) for colour in COLOURS}

    @property
    def opacity(self) -> float:
        """Of the overlays, 0 to 1."""
        return self._opacity

    def show(self, maps: Sequence[SaliencyMap], colour: EvidenceColour = "evidence") -> None:
        """Show one disorder's maps in a colour, instead of what was shown in it.

        What is in sight is shown at once, and no map stays that was shown before; layers that scans out of sight still
        lack come one by one, whenever Qt has nothing else to do.

        Args:
            maps: All of one disorder, method and case; scans without one stay plain, and dark maps show nothing.
            colour: "evidence" or, beside it, "comparison".

        Raises:
            ValueError: The maps are of several disorders, methods, cases or models, or one is not on its scan's grid.
        """
        if len({(m.disorder, m.method, m.case_hash, m.model_sha256) for m in maps}) > 1:
            raise ValueError("maps of several disorders, methods, cases or models are not shown in one colour")
        by_scan = {m.scan_id: m for m in maps if m.scan_id in self._layers.scan_ids}
        for scan_id, saliency in by_scan.items():
            if saliency.values.shape != self._layers.scan(scan_id).voxels.shape:
                raise ValueError(f"the map of scan {scan_id} is not on the scan's grid")
        before, self._shown[colour] = self._shown[colour], by_scan
        self._drop_pending(colour)
        in_sight = self._layers.shown
        for scan_id in self._layers.scan_ids:
            saliency_now = by_scan.get(scan_id)
            if saliency_now is None:
                self._empty(scan_id, colour)
            elif is_dark(saliency_now):
                self._put_dark(saliency_now, colour)
            elif scan_id in in_sight or self._layers.stack.get(scan_id, colour) is not None:
                self._put(saliency_now, colour, unchanged=before.get(scan_id) is saliency_now)
            else:
                self._pending.append((scan_id, colour))
        if self._pending:
            self._loading.start()
        self._layers.refresh_visibility()

    def put_away(self, colour: EvidenceColour | None = None) -> None:
        """Show no evidence in one colour or all, at once."""
        for each in COLOURS if colour is None else (colour,):
            self._shown[each] = {}
            self._drop_pending(each)
            for scan_id in self._layers.scan_ids:
                self._empty(scan_id, each)

    def clear(self, colour: EvidenceColour | None = None) -> None:
        """Take the overlays away, of one colour or all, with their layers."""
        for each in COLOURS if colour is None else (colour,):
            self._shown[each] = {}
            self._drop_pending(each)
            for scan_id in self._layers.scan_ids:
                self._layers.stack.remove(scan_id, each)
        self._layers.refresh_visibility()

    def close(self) -> None:
        """Let no more layers come."""
        self._loading.stop()
        self._pending = []
        self._layers.active_changed.disconnect(self._put_in_sight)
        self._layers.grid_changed.disconnect(self._put_in_sight)

    def set_opacity(self, opacity: float) -> None:
        """Of all overlays, 0 to 1."""
        self._opacity = min(max(float(opacity), 0.0), 1.0)
        for scan_id in self._layers.scan_ids:
            for colour in COLOURS:
                placed = self._layers.stack.get(scan_id, colour)
                if placed is not None:
                    placed.layer.opacity = self._opacity

    def shown(self, scan_id: str, colour: EvidenceColour = "evidence") -> SaliencyMap | None:
        """The map shown upon a scan, dark ones included; None for none."""
        return self._shown[colour].get(scan_id)

    def layer(self, scan_id: str, colour: EvidenceColour = "evidence") -> Any | None:
        """The napari layer that holds a scan's overlay, which comes now if it was still to come; None for none."""
        if scan_id not in self._shown[colour]:
            return None
        if (scan_id, colour) in self._pending:
            self._put_pending([(scan_id, colour)])
        placed = self._layers.stack.get(scan_id, colour)
        return None if placed is None else placed.layer

    def _put_in_sight(self, *_: object) -> None:
        """What comes into view has its evidence from the first moment."""
        in_sight = self._layers.shown
        self._put_pending([each for each in self._pending if each[0] in in_sight])

    def _put_next(self) -> None:
        self._put_pending(self._pending[:1])
        if not self._pending:
            self._loading.stop()

    def _put_pending(self, chosen: list[tuple[str, EvidenceColour]]) -> None:
        self._pending = [each for each in self._pending if each not in chosen]
        if not chosen:
            return
        with self._layers.camera_held():
            for scan_id, colour in chosen:
                saliency = self._shown[colour].get(scan_id)
                if saliency is not None and self._fits(saliency):
                    self._put(saliency, colour, unchanged=False)
            self._layers.refresh_visibility()

    def _fits(self, saliency: SaliencyMap) -> bool:
        """False if the scan has gone, or has come anew, since the map was shown."""
        scan_id, shape = saliency.scan_id, saliency.values.shape
        return scan_id in self._layers.scan_ids and self._layers.scan(scan_id).voxels.shape == shape

    def _drop_pending(self, colour: EvidenceColour) -> None:
        self._pending = [each for each in self._pending if each[1] != colour]

    def _put(self, saliency: SaliencyMap, colour: EvidenceColour, *, unchanged: bool) -> None:
        there = self._layers.stack.get(saliency.scan_id, colour)
        if there is None or not unchanged:
            self._fill(saliency, colour)
            there = self._layers.stack.get(saliency.scan_id, colour)
        assert there is not None
        there.wanted = True

    def _put_dark(self, dark: SaliencyMap, colour: EvidenceColour) -> None:
        """Nothing is to be seen of a dark map; its layer, if there is one, holds it instead of the map shown before."""
        there = self._layers.stack.get(dark.scan_id, colour)
        if there is not None:
            there.hide()  # before it is filled, or the map shown before is seen again
            self._fill(dark, colour)
            there.let_go()

    def _empty(self, scan_id: str, colour: EvidenceColour) -> None:
        """Keep the layer, if there is one, without a map: zeros that take no memory."""
        there = self._layers.stack.get(scan_id, colour)
        if there is None or "disorder" not in there.layer.metadata[METADATA]:
            return
        there.hide()
        seat = self._layers.seat(scan_id)
        nothing = np.broadcast_to(np.zeros((), np.float32), there.displayed.shape)
        self._layers.stack.put(scan_id, colour, nothing, self._settings(scan_id, None, colour), seat.pose)
        there.let_go()

    def _fill(self, saliency: SaliencyMap, colour: EvidenceColour) -> None:
        """The layer shows a view of the map's own values: nothing is copied."""
        seat = self._layers.seat(saliency.scan_id)
        array = seat.grid.turn(saliency.values)
        settings = self._settings(saliency.scan_id, saliency, colour)
        layer = self._layers.stack.put(saliency.scan_id, colour, array, settings, seat.pose)
        layer.opacity = self._opacity

    def _settings(self, scan_id: str, saliency: SaliencyMap | None, colour: EvidenceColour) -> dict[str, Any]:
        grid = self._layers.grid_of(scan_id)
        disorder = "Evidence" if saliency is None else saliency.disorder
        return {
            "name": f"{disorder}: {self._layers.title(scan_id)}",
            "rgb": False,
            "colormap": self._colormaps[colour],
            # One scale over the case: a scan that adds little stays dim.
            "contrast_limits": (0.0, 1.0),
            "interpolation2d": INTERPOLATION,
            "blending": "translucent_no_depth",
            "metadata": {
                METADATA: {
                    "case_id": self._layers.layers_id,
                    "scan_id": scan_id,
                    **({} if saliency is None else _answer_of(saliency)),
                    **place_metadata(grid),
                }
            },
            **placement(grid),
        }


def _answer_of(saliency: SaliencyMap) -> dict[str, str]:
    return {
        "case_hash": saliency.case_hash,
        "disorder": saliency.disorder,
        "method": saliency.method,
        "model_sha256": saliency.model_sha256,
        "input_hash": saliency.input_hash,
    }
