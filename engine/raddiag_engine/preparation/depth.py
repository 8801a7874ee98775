"""Which acquired slices the slices of a prepared volume are made from, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.preparation.config import PreparationConfig


@dataclass(frozen=True, eq=False)
class DepthSampling:
    """The depth of a prepared volume on the axis of the acquired slices, both in display order.

    Attributes:
        acquired: Number of acquired slices.
        positions: (D,) increasing positions of the prepared slices, in acquired slices; they may lie up to half a
            prepared slice outside, where the outermost acquired slice is taken.
    """

    acquired: int
    positions: NDArray[np.floating]

    @cached_property
    def nearest(self) -> NDArray[np.intp]:
        """(D,) the acquired slice nearest to each prepared slice."""
        return np.clip(np.rint(self.positions), 0, self.acquired - 1).astype(np.intp)

    @cached_property
    def needed(self) -> NDArray[np.intp]:
        """The acquired slices that contribute, increasing, each once."""
        return np.unique(np.concatenate([self._below, self._above]))

    def gather(self, needed_NHW: NDArray[np.float32]) -> NDArray[np.float32]:
        """Prepared slices (D, H, W), linear between the `needed` acquired slices, given in that order."""
        below = needed_NHW[np.searchsorted(self.needed, self._below)]
        share_above = (np.clip(self.positions, 0, self.acquired - 1) - self._below).astype(np.float32)
        if not share_above.any():
            return below
        above = needed_NHW[np.searchsorted(self.needed, self._above)]
        return np.asarray(below + share_above[:, None, None] * (above - below), dtype=np.float32)

    def scatter(self, prepared_DHW: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values on all acquired slices (acquired, H, W), linear between the prepared ones, constant beyond them."""
        places = np.interp(np.arange(self.acquired), self.positions, np.arange(len(self.positions)))
        return DepthSampling(len(self.positions), places).gather_all(prepared_DHW)

    def gather_all(self, acquired_DHW: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `gather`, from all acquired slices."""
        return self.gather(acquired_DHW[self.needed])

    @cached_property
    def _below(self) -> NDArray[np.intp]:
        return np.floor(np.clip(self.positions, 0, self.acquired - 1)).astype(np.intp)

    @cached_property
    def _above(self) -> NDArray[np.intp]:
        return np.ceil(np.clip(self.positions, 0, self.acquired - 1)).astype(np.intp)


def depth_sampling(acquired: int, config: PreparationConfig) -> DepthSampling:
    """The sampling of a volume of `acquired` slices.

    "resample": exactly `config.depth` slices, evenly over the volume's extent, as trilinear interpolation places them
    (section 6.1.2). "subsample": more than `config.depth` slices are thinned to floor(arange(0, n, n / depth)), fewer
    are kept as they are (the release).
    """
    if config.depth_rule == "resample":
        spacing = acquired / config.depth
        return DepthSampling(acquired, (np.arange(config.depth) + 0.5) * spacing - 0.5)
    if acquired <= config.depth:
        return DepthSampling(acquired, np.arange(acquired, dtype=np.float64))
    # Index times step, not a running sum, so that rounding cannot give one slice too many.
    return DepthSampling(acquired, np.floor(np.arange(config.depth) * (acquired / config.depth)))
