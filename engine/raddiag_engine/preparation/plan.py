"""How a scan will be prepared, before any voxel is touched: window, orientation, slices, size. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan, Window
from raddiag_engine.cases.scan import Kind
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.depth import DepthSampling, depth_sampling
from raddiag_engine.preparation.orientation import DisplayOrientation, display_orientation
from raddiag_engine.preparation.windowing import choose_window


@dataclass(frozen=True, eq=False)
class PreparationPlan:
    """What will be done to one scan.

    Attributes:
        window: The window to be applied, in the scan's units.
        window_source: "chosen", "preset NAME", "header", "8-bit" or "percentiles".
        orientation: How stored slices are turned.
        depth: How prepared slices lie among the acquired ones, in display order.
        slices: For every prepared slice the stored slice it is nearest to; for a cine loop the frame used.
        size_px: Height and width of a prepared slice.
        scan_kind: Kind of the scan.
        scan_shape: Shape of the scan's voxels.
    """

    window: Window
    window_source: str
    orientation: DisplayOrientation
    depth: DepthSampling
    slices: tuple[int, ...]
    size_px: int
    scan_kind: Kind
    scan_shape: tuple[int, ...]

    def describe(self) -> str:
        """What the network will see, such as "32 of 412 slices, 256 px, window 40/400 (preset mediastinum)"."""
        prepared = len(self.slices)
        if self.scan_kind == "cine":
            extent = f"frame {self.slices[0] + 1} of {self.scan_shape[0]}"
        elif self.scan_kind == "image":
            extent = "image"
        elif prepared > self.depth.acquired:
            extent = f"{prepared} slices interpolated from {self.depth.acquired}"
        else:
            extent = f"{prepared} of {self.depth.acquired} slices"
        window = f"{self.window.center:g}/{self.window.width:g}"
        return f"{extent}, {self.size_px} px, window {window} ({self.window_source})"


def plan_scan(scan: Scan, config: PreparationConfig, chosen: Window | None = None) -> PreparationPlan:
    """The preparation of one scan.

    Args:
        scan: Any usable scan.
        config: From the model card.
        chosen: A window chosen by a person.

    Raises:
        CaseError: The scan holds no value at all.
        ConfigError: The window has no valid width.
    """
    window, source = choose_window(scan, config, chosen)
    orientation = display_orientation(scan)
    if scan.kind == "volume":
        depth = depth_sampling(len(scan.voxels), config)
        slices = _turned(np.arange(depth.acquired), orientation)[depth.nearest]
    else:
        # Frames are times, not depth: a cine loop enters as the image in its middle.
        depth = DepthSampling(1, np.zeros(1))
        slices = np.full(config.image_slices, len(scan.voxels) // 2 if scan.kind == "cine" else 0)
    return PreparationPlan(
        window=window,
        window_source=source,
        orientation=orientation,
        depth=depth,
        slices=tuple(int(i) for i in slices),
        size_px=config.volume_size_px if scan.kind == "volume" else config.image_size_px,
        scan_kind=scan.kind,
        scan_shape=scan.voxels.shape,
    )


def stored_order(shown_slices: NDArray[np.intp], plan: PreparationPlan) -> NDArray[np.intp]:
    """Numbers of stored slices for numbers of slices in display order."""
    return _turned(np.arange(plan.depth.acquired), plan.orientation)[shown_slices]


def _turned(slices: NDArray[np.intp], orientation: DisplayOrientation) -> NDArray[np.intp]:
    return slices[::-1] if orientation.flipped[0] else slices
