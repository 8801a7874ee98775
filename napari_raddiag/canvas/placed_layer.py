"""One layer of ours: its array and place by display axis, and how it is laid from them in any pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.canvas.layer_data import METADATA
from napari_raddiag.display.layer_pose import LayerPose


@dataclass
class PlacedLayer:
    """A layer, and its array and place by display axis, from which every pose is made.

    Attributes:
        layer: The napari Image layer.
        displayed: Its array in display order; a view.
        scale, translate: By display axis.
        affine: Display index -> RAS+ mm; None if it is not known.
        slice_axis: Display axis of the acquired slices.
        wanted: It is to be seen while its scan is.
    """

    layer: Any
    displayed: NDArray[Any]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    affine: NDArray[np.float64] | None
    slice_axis: int
    wanted: bool = True

    @classmethod
    def of(cls, layer: Any, array: NDArray[Any], settings: dict[str, Any]) -> PlacedLayer:
        """From the settings that the layer was made with."""
        ours = settings["metadata"][METADATA]
        scale, translate = tuple(settings["scale"]), tuple(settings["translate"])
        return cls(layer, array, scale, translate, ours["affine"], ours["slice_axis"])

    def refill(self, array: NDArray[Any], settings: dict[str, Any], pose: LayerPose) -> None:
        """Other values of the same shape: napari's sliders and list have nothing to hear of, the picture changes."""
        layer = self.layer
        ours = settings["metadata"][METADATA]
        self.displayed, self.affine, self.slice_axis = array, ours["affine"], ours["slice_axis"]
        self.scale, self.translate = tuple(settings["scale"]), tuple(settings["translate"])
        with layer.events.data.blocker():
            layer.data = pose.data(array)
        layer.metadata = settings["metadata"]
        if layer.name != settings["name"]:
            layer.name = settings["name"]
        self.lay(pose)

    def hide(self) -> None:
        """Let it not be seen, until it is wanted again."""
        self.wanted = False
        if self.layer.visible:
            self.layer.visible = False

    def let_go(self) -> None:
        """Slice what a hidden layer holds now; else napari keeps the slice drawn last, and with it its whole array."""
        self.layer.set_view_slice()
        self.layer.events.set_data()

    def lay(self, pose: LayerPose) -> None:
        """Lay the layer."""
        layer = self.layer
        scale, translate = pose.scale(self.scale), pose.translate(self.translate)
        data = pose.data(self.displayed)
        if layer.data.shape != data.shape or layer.data.strides != data.strides:
            layer.data = data
        if not np.allclose(layer.scale, scale, rtol=1e-9, atol=0):
            layer.scale = scale
        if not np.allclose(layer.translate, translate, rtol=0, atol=1e-9):
            layer.translate = translate
        if self.affine is not None and len(pose.order) == 3:
            layer.metadata[METADATA]["affine"] = self.affine[:, [*pose.order, 3]]
            layer.metadata[METADATA]["slice_axis"] = pose.order.index(self.slice_axis)

    def shift_along_slider(self, pose: LayerPose) -> None:
        """Lay a layer that has moved along the axis that is not on the screen, and along no other.

        This runs with every step of the wheel. Nothing on the screen moves, so that neither napari's transforms nor
        its slider ranges need to hear of it; the layer is sliced anew all the same.
        """
        translate = pose.translate(self.translate)
        if not np.array_equal(self.layer.translate, translate):
            with self.layer.events.translate.blocker():
                self.layer.translate = translate
