"""Which layers belong to which scan, where they stand in napari's layer list, and when they are seen.

A scan has one layer in each slot: its image, what the network sees of it, evidence, evidence for a second disorder.
Our layers stand together at the bottom of the list, in the order of the case; layers of others are never moved among
each other, changed or removed. napari fills a cell of its grid with `stride` neighbours of the list, hidden ones
counted: in the grid every scan therefore gets the same number of layers, by hidden stand-ins where it has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray

from napari_raddiag.canvas.layer_selection import selection_kept
from napari_raddiag.canvas.placed_layer import PlacedLayer
from napari_raddiag.display.layer_pose import LayerPose

Slot = Literal["scan", "network", "evidence", "comparison"]
SLOTS: tuple[Slot, ...] = ("scan", "network", "evidence", "comparison")
STAND_IN = "stand-in"


class LayerStack:
    """Our layers in a viewer.

    Args:
        viewer: The napari viewer.
        lost: Called, while napari still removes it, when another hand than ours took one of our layers out of the list.
    """

    def __init__(self, viewer: Any, lost: Callable[[], object]) -> None:
        self._viewer = viewer
        self._lost = lost
        self._slots: dict[str, dict[Slot, PlacedLayer]] = {}
        self._stand_ins: dict[str, list[Any]] = {}
        self.model_hidden = False
        self._unit = "mm"
        viewer.layers.events.removed.connect(self._forget)

    def close(self) -> None:
        """Remove all our layers and leave the viewer."""
        self._viewer.layers.events.removed.disconnect(self._forget)
        with self._viewer.layers.batched_update():
            for scan_id in list(self._slots):
                self.remove_scan(scan_id)

    @property
    def scan_ids(self) -> tuple[str, ...]:
        """The scans that have a layer, in the order of the list."""
        return tuple(scan_id for scan_id, slots in self._slots.items() if slots)

    def get(self, scan_id: str, slot: Slot) -> PlacedLayer | None:
        """The layer in a slot."""
        return self._slots.get(scan_id, {}).get(slot)

    def placed(self, scan_id: str) -> tuple[PlacedLayer, ...]:
        """All layers of a scan, bottom first."""
        slots = self._slots.get(scan_id, {})
        return tuple(slots[slot] for slot in SLOTS if slot in slots)

    def owns(self, layer: Any) -> bool:
        """True if the layer is one of ours."""
        return self.scan_of(layer) is not None or any(layer in own for own in self._stand_ins.values())

    def scan_of(self, layer: Any) -> str | None:
        """The scan that a layer belongs to; None for a layer of others."""
        for scan_id, slots in self._slots.items():
            if any(placed.layer is layer for placed in slots.values()):
                return scan_id
        return None

    def put(self, scan_id: str, slot: Slot, array: NDArray[Any], settings: dict[str, Any], pose: LayerPose) -> Any:
        """Show an array in a slot: in the layer that is there already, else in a new, hidden one.

        Args:
            scan_id: Of the scan; a new one stands after those there are.
            slot: Which layer.
            array: In display order.
            settings: Of the Image layer, with scale and translate by display axis.
            pose: How the scan's layers are laid at the moment.
        """
        there = self.get(scan_id, slot)
        if there is not None and there.displayed.shape == array.shape:
            there.refill(array, settings, pose)
            return there.layer
        if there is not None:
            self.remove(scan_id, slot)
        layer = Image(array, visible=False, **{**settings, "units": (self._unit,) * len(pose.order)})
        placed = PlacedLayer.of(layer, array, settings)
        self._slots.setdefault(scan_id, {})[slot] = placed
        placed.lay(pose)
        with selection_kept(self._viewer.layers):
            self._viewer.layers.insert(self._index_for(scan_id, slot), layer)
        return layer

    def remove(self, scan_id: str, slot: Slot) -> None:
        """Take the layer out of a slot, if there is one."""
        placed = self.get(scan_id, slot)
        if placed is not None:
            del self._slots[scan_id][slot]  # before it leaves the list, or `_forget` would call it lost
            if placed.layer in self._viewer.layers:
                self._viewer.layers.remove(placed.layer)

    def remove_scan(self, scan_id: str) -> None:
        """Take out all layers of a scan, its image first."""
        self._drop_stand_ins(scan_id)
        for slot in SLOTS:
            self.remove(scan_id, slot)
        self._slots.pop(scan_id, None)

    def set_unit(self, unit: str) -> None:
        """Give all our layers one unit, "mm" or "pixel": napari wants the same for every layer of a viewer."""
        if unit != self._unit:
            self._unit = unit
            for slots in self._slots.values():
                for placed in slots.values():
                    placed.layer.units = (unit,) * placed.layer.ndim
            for own in self._stand_ins.values():
                for layer in own:
                    layer.units = (unit,) * layer.ndim

    def order_scans(self, scan_ids: tuple[str, ...]) -> None:
        """Bring the scans into this order, those included whose layers are still to come."""
        self._slots = {scan_id: self._slots.get(scan_id, {}) for scan_id in scan_ids}
        self._stand_in_order()

    def lay(self, scan_id: str, pose: LayerPose) -> None:
        """Lay all layers of a scan."""
        for placed in self.placed(scan_id):
            placed.lay(pose)

    def shift_along_slider(self, scan_id: str, pose: LayerPose) -> None:
        """Lay all layers of a scan that has moved along the axis that is not on the screen, and along no other."""
        for placed in self.placed(scan_id):
            placed.shift_along_slider(pose)

    def show(self, scan_ids: frozenset[str]) -> None:
        """Let exactly these scans be seen, with what is wanted upon them unless the model is hidden."""
        for scan_id, slots in self._slots.items():
            for slot, placed in slots.items():
                of_the_model = slot != "scan"
                visible = scan_id in scan_ids and placed.wanted and not (of_the_model and self.model_hidden)
                if placed.layer.visible != visible:
                    placed.layer.visible = visible

    def hide_others(self, scan_ids: frozenset[str]) -> None:
        """Let no scan be seen but these; napari slices what is seen anew with every change of axes and slider."""
        for scan_id in self._slots:
            if scan_id not in scan_ids:
                for placed in self.placed(scan_id):
                    if placed.layer.visible:
                        placed.layer.visible = False

    def align_to_grid(self) -> int:
        """Give every scan the same number of neighbours in the list, from its start.

        Returns:
            The stride of the grid with which each scan fills one cell.
        """
        used = self._used_slots()
        for scan_id, slots in self._slots.items():
            lacking = len(used) - len(slots) if slots else 0
            if lacking != len(self._stand_ins.get(scan_id, ())):
                self._drop_stand_ins(scan_id)
                self._stand_ins[scan_id] = [self._new_stand_in(scan_id) for _ in range(lacking)]
        self._stand_in_order()
        return max(len(used), 1)

    def release_grid(self) -> None:
        """Take the stand-ins out again."""
        for scan_id in list(self._stand_ins):
            self._drop_stand_ins(scan_id)

    def _index_for(self, scan_id: str, slot: Slot) -> int:
        """Just above the nearest of our layers that belongs below; the bottom of the list if there is none."""
        before: list[Any] = []
        for other_id, slots in self._slots.items():
            for other_slot in SLOTS:
                if (other_id, other_slot) == (scan_id, slot):
                    indices = [self._viewer.layers.index(layer) for layer in before if layer in self._viewer.layers]
                    return max(indices, default=-1) + 1
                if other_slot in slots:
                    before.append(slots[other_slot].layer)
        return 0

    def _stand_in_order(self) -> None:
        """Bring our layers to the bottom of the list in their order; those of others keep theirs, above."""
        wanted: list[Any] = []
        for scan_id in self._slots:
            wanted += [placed.layer for placed in self.placed(scan_id)]
            wanted += self._stand_ins.get(scan_id, [])
        for index, layer in enumerate(wanted):
            at = self._viewer.layers.index(layer)
            if at != index:
                self._viewer.layers.move(at, index)

    def _used_slots(self) -> list[Slot]:
        """The slots that hold a layer of any scan."""
        return [slot for slot in SLOTS if any(slot in slots for slots in self._slots.values())]

    def _new_stand_in(self, scan_id: str) -> Any:
        layer = Image(np.zeros((1, 1), np.uint8), name=STAND_IN, visible=False, contrast_limits=(0, 1))
        layer.units = (self._unit,) * 2
        with selection_kept(self._viewer.layers):
            last = max(self._viewer.layers.index(placed.layer) for placed in self.placed(scan_id))
            self._viewer.layers.insert(last + 1, layer)
        return layer

    def _drop_stand_ins(self, scan_id: str) -> None:
        for layer in self._stand_ins.pop(scan_id, []):
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _forget(self, event: Any) -> None:
        """A layer has left the list; if it is still in ours, by another's hand."""
        if not self.owns(event.value):
            return
        for slots in self._slots.values():
            for slot, placed in list(slots.items()):
                if placed.layer is event.value:
                    del slots[slot]
        for own in self._stand_ins.values():
            own[:] = [layer for layer in own if layer is not event.value]
        self._lost()
