"""What the network is given for one scan, and the way back to the scan's own voxels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Window
from raddiag_engine.preparation.plan import PreparationPlan
from raddiag_engine.preparation.resampling import resize_slices


@dataclass(frozen=True, eq=False)
class PreparedScan:
    """One scan as the network sees it.

    Attributes:
        scan_id: The scan it was made from.
        voxels: Float32 in [0, 1], in display orientation: (row, column) of an image, (slice, row, column) of a
            volume, (equal slice, row, column) of an image for a model with `image_slices` above 1.
        is_volume: True if the first axis of `voxels` is depth in the body.
        modality_id: Which modality embedding it gets.
        plan: How it was prepared: window, orientation, slices.
    """

    scan_id: str
    voxels: NDArray[np.float32]
    is_volume: bool
    modality_id: int
    plan: PreparationPlan

    @property
    def window(self) -> Window:
        """The window applied, in the scan's units."""
        return self.plan.window

    @property
    def slices(self) -> tuple[int, ...]:
        """For every prepared slice the stored slice of the scan it is nearest to; for a cine loop the frame used."""
        return self.plan.slices

    @property
    def scan_shape(self) -> tuple[int, ...]:
        """Shape of the scan's voxels."""
        return self.plan.scan_shape

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the network is given: values, shape and whether it is a volume; not the modality."""
        digest = hashlib.sha256(f"{self.voxels.shape}{self.is_volume}".encode())
        digest.update(np.ascontiguousarray(self.voxels, dtype="<f4").data)
        return digest.hexdigest()

    def restore(self, prepared_map: NDArray[np.floating]) -> NDArray[np.float32]:
        """A map on the prepared grid carried back to the scan's own voxels.

        Bilinear in the slice, linear between slices, then turned back to stored order. The map of an image that
        entered as several equal slices is averaged over them; of a cine loop only the frame used gets values, the
        others are 0.

        Args:
            prepared_map: Same shape as `voxels`.

        Returns:
            Float32 of shape `scan_shape`.

        Raises:
            ValueError: The map is of another shape.
        """
        if prepared_map.shape != self.voxels.shape:
            raise ValueError(f"a map of shape {prepared_map.shape} is not on the prepared grid {self.voxels.shape}")
        slices = np.asarray(prepared_map, dtype=np.float32)
        if self.is_volume:
            # Depth first: the slices are smallest now.
            slices = self.plan.depth.scatter(slices)
        else:
            slices = slices.reshape(-1, *slices.shape[-2:]).mean(axis=0, keepdims=True)
        height_px, width_px = self.scan_shape[-2:]
        if self.plan.orientation.transposed:
            height_px, width_px = width_px, height_px
        slices = resize_slices(slices, height_px, width_px, antialias=False)
        stored = np.ascontiguousarray(self.plan.orientation.undo(slices), dtype=np.float32)
        if self.plan.scan_kind == "cine":
            frames = np.zeros(self.scan_shape, dtype=np.float32)
            frames[self.slices[0]] = stored[0]
            return frames
        return stored.reshape(self.scan_shape)

    def carry(self, scan_map: NDArray[np.floating]) -> NDArray[np.float32]:
        """A map on the scan's own voxels, such as a lesion mask, carried onto the prepared grid: as the voxels were.

        Args:
            scan_map: Of shape `scan_shape`.

        Returns:
            Float32 of the shape of `voxels`.

        Raises:
            ValueError: The map is of another shape.
        """
        if scan_map.shape != self.scan_shape:
            raise ValueError(f"a map of shape {scan_map.shape} is not on the scan's grid {self.scan_shape}")
        stored = scan_map[None] if self.plan.scan_kind == "image" else scan_map
        shown = self.plan.orientation.apply(stored)
        shown = self.plan.depth.gather_all(shown) if self.is_volume else shown[self.slices[0]][None]
        height_px, width_px = self.voxels.shape[-2:]
        resized = resize_slices(shown.astype(np.float32), height_px, width_px, antialias=True)
        return np.asarray(np.broadcast_to(resized if self.is_volume else resized[0], self.voxels.shape))
