"""One disorder's evidence in one scan, on that scan's own voxel grid. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.saliency.methods import Method


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Where in one scan the evidence for one disorder lies.

    Attributes:
        scan_id: Of the scan.
        disorder: As on the model card.
        method: What computed it.
        values: float32 on the grid of `Scan.voxels`, in [0, 1]: 1 is the strongest evidence for this disorder
            anywhere in the case, so a scan that adds nothing stays dark.
        scale: What 1 stands for, in the method's own units; the same for all scans of the case.
        peak: Voxel index of the largest value, (slice, row, column) or (row, column).
        slice_resolution: Acquired slices that one cell of the map spans; 1.0 for an image. A finding cannot be
            placed within fewer slices than this.
        cell: The same in all axes of `values`, in voxels.
        case_hash: Of the case it was made from.
        input_hash: Of what the network was given of it; it changes with a window.
        model_sha256: Of the model it was made with.
    """

    scan_id: str
    disorder: str
    method: Method
    values: NDArray[np.float32]
    scale: float
    peak: tuple[int, ...]
    slice_resolution: float
    cell: tuple[float, ...]
    case_hash: str
    input_hash: str
    model_sha256: str

    @property
    def peak_slices(self) -> tuple[int, int] | None:
        """First and last acquired slice the peak may lie in, as far as the map can tell; None for an image."""
        if self.values.ndim == 2:
            return None
        half = self.slice_resolution / 2
        last = self.values.shape[0] - 1
        return max(0, round(self.peak[0] - half)), min(last, round(self.peak[0] + half))

    def rescaled(self, scale: float) -> SaliencyMap:
        """The same map, said to be on another scale; the values are shared."""
        return replace(self, scale=scale)

    @property
    def is_dark(self) -> bool:
        """True if the scan holds no evidence for the disorder."""
        return not bool(self.values.max() > 0)

    def describe(self) -> str:
        """The peak in one line, with slices counted from 1."""
        where = f"{self.disorder}, {self.scan_id}"
        if self.is_dark:
            return f"{where}: no evidence in this scan"
        share = f"{100 * float(self.values.max()):.0f} % of the strongest in the case"
        if self.peak_slices is None:
            return f"{where}: {share}, peak at row {self.peak[0] + 1}, column {self.peak[1] + 1}"
        first, last = self.peak_slices
        return (
            f"{where}: {share}, peak at slice {self.peak[0] + 1} (can be told to slices {first + 1} to {last + 1}), "
            f"row {self.peak[1] + 1}, column {self.peak[2] + 1}"
        )

    def to_mapping(self) -> dict[str, Any]:
        """Everything but the values, as plain data; indices count from 0."""
        return {
            "scan_id": self.scan_id,
            "disorder": self.disorder,
            "method": self.method,
            "scale": self.scale,
            "largest": float(self.values.max()),
            "peak": list(self.peak),
            "peak_slices": None if self.peak_slices is None else list(self.peak_slices),
            "slice_resolution": self.slice_resolution,
            "case_hash": self.case_hash,
            "input_hash": self.input_hash,
            "model_sha256": self.model_sha256,
        }
