"""The evidence for a disorder upon the scans: one scale over the case, nothing where there is none.

Each scan has one evidence layer and, for comparing, a second one; showing another disorder changes what is in them, and
adds nothing to the layer list. napari needs some 50 ms for a new layer: those of scans out of sight come one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_raddiag.canvas.evidence_colours import EvidenceColour, evidence_colormap
from napari_raddiag.canvas.layer_data import INTERPOLATION, METADATA, place_metadata, placement
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.display.evidence_peaks import Peak, evidence_peaks, is_dark
from raddiag_engine.saliency.saliency_map import SaliencyMap

OPACITY = 0.45
COLOURS: tuple[EvidenceColour, ...] = ("evidence", "comparison")


class SaliencyLayers(QObject):
    """Overlays of at most two disorders.

    Signals:
        shown_changed: Which disorder is shown in the first colour; empty for none.
    """

    shown_changed = Signal(str)

    def __init__(self, viewer: Any, layers: ScanLayers) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers = layers
        self._opacity = OPACITY
        self._shown: dict[EvidenceColour, dict[str, SaliencyMap]] = {colour: {} for colour in COLOURS}
        self._peaks: dict[tuple[str, EvidenceColour], tuple[SaliencyMap, tuple[Peak, ...]]] = {}
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
        self._forget_peaks(colour)
        self._drop_pending(colour)
        in_sight = self._layers.shown
        for scan_id in self._layers.scan_ids:
            saliency_now = by_scan.get(scan_id)
            if saliency_now is None:
                self._layers.stack.remove(scan_id, colour)
            elif is_dark(saliency_now):
                self._put_away(saliency_now, colour)
            elif scan_id in in_sight or self._layers.stack.get(scan_id, colour) is not None:
                self._put(saliency_now, colour, unchanged=before.get(scan_id) is saliency_now)
            else:
                self._pending.append((scan_id, colour))
        if self._pending:
            self._loading.start()
        self._layers.refresh_visibility()
        if colour == "evidence":
            self.shown_changed.emit(maps[0].disorder if maps else "")

    def clear(self, colour: EvidenceColour | None = None) -> None:
        """Take the overlays away, of one colour or all, with their layers."""
        for each in COLOURS if colour is None else (colour,):
            self._shown[each] = {}
            self._forget_peaks(each)
            self._drop_pending(each)
            for scan_id in self._layers.scan_ids:
                self._layers.stack.remove(scan_id, each)
        self._layers.refresh_visibility()
        if colour in (None, "evidence"):
            self.shown_changed.emit("")

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
        if (scan_id, colour) in self._pending:
            self._put_pending([(scan_id, colour)])
        placed = self._layers.stack.get(scan_id, colour)
        return None if placed is None else placed.layer

    def peaks(self, scan_id: str, colour: EvidenceColour = "evidence") -> tuple[Peak, ...]:
        """The separate strongest places of the map shown upon a scan, strongest first; none for a dark one."""
        saliency = self.shown(scan_id, colour)
        if saliency is None:
            return ()
        key = scan_id, colour
        known = self._peaks.get(key)
        if known is None or known[0] is not saliency:
            known = self._peaks[key] = saliency, evidence_peaks(saliency)
        return known[1]

    def strongest_scan(self, colour: EvidenceColour = "evidence") -> str | None:
        """Id of the scan with the strongest evidence of the case; None if all is dark."""
        lit = [m for m in self._shown[colour].values() if not is_dark(m)]
        return max(lit, key=lambda m: float(m.values[m.peak])).scan_id if lit else None

    def go_to_peak(self, scan_id: str, number: int = 0, colour: EvidenceColour = "evidence") -> Peak | None:
        """Bring a scan into view at its n-th strongest place, counted from 0 and around; None if it has none."""
        peaks = self.peaks(scan_id, colour)
        if not peaks:
            return None
        peak = peaks[number % len(peaks)]
        self._layers.navigation.go_to(scan_id, peak.index)
        return peak

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

    def _forget_peaks(self, colour: EvidenceColour) -> None:
        """Peaks hold on to their map, which is to go when others need its memory: only those shown are kept."""
        self._peaks = {key: known for key, known in self._peaks.items() if key[1] != colour}

    def _put(self, saliency: SaliencyMap, colour: EvidenceColour, *, unchanged: bool) -> None:
        there = self._layers.stack.get(saliency.scan_id, colour)
        if there is None or not unchanged:
            self._fill(saliency, colour)
            there = self._layers.stack.get(saliency.scan_id, colour)
        assert there is not None
        there.wanted = True

    def _put_away(self, dark: SaliencyMap, colour: EvidenceColour) -> None:
        """Nothing is to be seen of a dark map; its layer, if there is one, holds it instead of the map shown before.

        The slice drawn last stays a view of that one until the layer is seen again: one map a scan at most.
        """
        there = self._layers.stack.get(dark.scan_id, colour)
        if there is not None:
            there.wanted = there.layer.visible = False
            self._fill(dark, colour)

    def _fill(self, saliency: SaliencyMap, colour: EvidenceColour) -> None:
        """The layer shows a view of the map's own values: nothing is copied."""
        seat = self._layers.seat(saliency.scan_id)
        array = seat.grid.turn(saliency.values)
        layer = self._layers.stack.put(saliency.scan_id, colour, array, self._settings(saliency, colour), seat.pose)
        layer.opacity = self._opacity

    def _settings(self, saliency: SaliencyMap, colour: EvidenceColour) -> dict[str, Any]:
        grid = self._layers.grid_of(saliency.scan_id)
        return {
            "name": f"{saliency.disorder}: {self._layers.title(saliency.scan_id)}",
            "rgb": False,
            "colormap": self._colormaps[colour],
            # One scale over the case: a scan that adds little stays dim.
            "contrast_limits": (0.0, 1.0),
            "interpolation2d": INTERPOLATION,
            "blending": "translucent_no_depth",
            "metadata": {
                METADATA: {
                    "case_id": self._layers.layers_id,
                    "case_hash": saliency.case_hash,
                    "scan_id": saliency.scan_id,
                    "disorder": saliency.disorder,
                    "method": saliency.method,
                    "model_sha256": saliency.model_sha256,
                    "input_hash": saliency.input_hash,
                    **place_metadata(grid),
                }
            },
            **placement(grid),
        }
