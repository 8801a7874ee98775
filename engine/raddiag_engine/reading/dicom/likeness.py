"""Vectors that are equal but for rounding, found without comparing each with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from itertools import product

import numpy as np
from numpy.typing import NDArray


class Likeness:
    """The vectors seen so far, each of which stands for all that differ from it by no more than a tolerance.

    Space is cut into cells twice as wide as the tolerance: whatever is like a vector lies in its cell or beyond the
    nearer wall of it, so that a series of thousands of directions takes no longer a frame than a short one.
    """

    def __init__(self, tolerance: float) -> None:
        """Begin with none.

        Args:
            tolerance: Largest difference in any coordinate.
        """
        self.tolerance = tolerance
        self._seen: list[NDArray[np.float64]] = []
        self._same: dict[tuple[Hashable, bytes], int] = {}
        self._cells: dict[tuple[Hashable, tuple[int, ...]], list[int]] = defaultdict(list)

    def first_like(self, vector: NDArray[np.float64], within: Hashable = None) -> int:
        """The number of the first vector that this one is like, or a new number.

        Args:
            vector: (N,) finite numbers.
            within: Only vectors that were given with the same value are compared.
        """
        exact = within, vector.tobytes()
        if exact not in self._same:
            self._same[exact] = self._found(vector, within)
        return self._same[exact]

    def _found(self, vector: NDArray[np.float64], within: Hashable) -> int:
        places = vector / (2 * self.tolerance)
        home = np.floor(places).astype(np.int64)
        # A little more than half a cell: rounding must not hide what lies at the very edge.
        sides = [
            sorted({int(np.floor(place - 0.5 - 1e-6)), int(cell), int(np.floor(place + 0.5 + 1e-6))})
            for place, cell in zip(places, home, strict=True)
        ]
        alike = [
            number
            for cell in product(*sides)
            for number in self._cells.get((within, cell), ())
            if np.abs(self._seen[number] - vector).max() <= self.tolerance
        ]
        if alike:
            return min(alike)
        self._seen.append(vector)
        self._cells[within, tuple(home.tolist())].append(len(self._seen) - 1)
        return len(self._seen) - 1
