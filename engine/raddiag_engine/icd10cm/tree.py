"""A tree whose rows stand in its order, told by their depths alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property


class Tree:
    """Who is above and below whom; a row is followed by everything below it.

    Args:
        depths: Of each row, a digit each; 0 for the roots.
    """

    def __init__(self, depths: str) -> None:
        self._depths = depths

    @cached_property
    def parents(self) -> Sequence[int]:
        """The row above each row; -1 for the roots."""
        last_at_depth: dict[int, int] = {-1: -1}
        parents = []
        for row, depth in enumerate(map(int, self._depths)):
            parents.append(last_at_depth[depth - 1])
            last_at_depth[depth] = row
        return parents

    def has_children(self, row: int) -> bool:
        """True if something is below."""
        return self._depths[row + 1 : row + 2] > self._depths[row]

    def rows_below(self, row: int) -> range:
        """Everything below, of any level."""
        depth, end = self._depths[row], row + 1
        while end < len(self._depths) and self._depths[end] > depth:
            end += 1
        return range(row + 1, end)
