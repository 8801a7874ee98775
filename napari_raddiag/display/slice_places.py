"""Where slices lie along the slice axis of their affine if not at 0, 1, 2: slices beyond a gap. Knows no scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# In steps of the affine. Between slices further apart than this something is missing, as in the readers' warnings.
GAP_STEPS = 1.5
HALF_A_SLICE = 0.5
ROUNDING = 1e-6


@dataclass(frozen=True)
class SlicePlaces:
    """The places of the slices of one scan, ascending; the affine is right for places, not for slice numbers.

    Attributes:
        places: For each slice the index at which the affine puts it: (0, 1, 3) says that one is missing.

    Raises:
        ValueError: The places are not finite or do not ascend.
    """

    places: tuple[float, ...]

    def __post_init__(self) -> None:
        if not np.isfinite(self.places).all() or (np.diff(self.places) < 0).any():
            raise ValueError("slice places must be finite and ascend")

    def place_of(self, index: float) -> float:
        """Place of a slice index; linear between slices, one step an index beyond the ends."""
        last = len(self.places) - 1
        beyond = min(index, 0.0) + max(index - last, 0.0)
        return float(np.interp(index, np.arange(last + 1), self.places)) + beyond

    def index_of(self, place: float) -> float:
        """Slice index of a place, between slices and perhaps beyond the ends; the inverse of `place_of`."""
        beyond = min(place - self.places[0], 0.0) + max(place - self.places[-1], 0.0)
        return float(np.interp(place, self.places, np.arange(len(self.places)))) + beyond

    def is_in_gap(self, index: float) -> bool:
        """True between two slices with something missing between them, further than half a slice from both."""
        if not 0 < index < len(self.places) - 1:
            return False
        below = int(np.floor(index))
        low, high = self.places[below], self.places[min(below + 1, len(self.places) - 1)]
        place = self.place_of(index)
        return high - low >= GAP_STEPS and min(place - low, high - place) > HALF_A_SLICE + ROUNDING

    def reversed(self) -> SlicePlaces:
        """The places on an axis that counts the slices from the last one."""
        last = len(self.places) - 1
        return SlicePlaces(tuple(last - place for place in self.places[::-1]))
