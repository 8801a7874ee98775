"""Saliency maps kept for the diagnosis that stands, within a budget of memory."""

from __future__ import annotations

from collections import OrderedDict, deque

from raddiag_engine.saliency.saliency_map import SaliencyMap

# A CT of 400 slices of 512 x 512 px has a map of 0.4 GB.
BUDGET_BYTES = 2**30
# On the screen at once: one disorder, and one that it is compared with.
SHOWN = 2

_Key = tuple[str, str]


class KeptMaps:
    """By disorder and method; what was asked for longest ago goes when memory is short, and can be computed again.

    The values stay float32, as every redraw asks for them and a smaller type would have to be turned back each time.
    What was just kept stays, and so do the maps asked for last, which are those on the screen: these alone may exceed
    the budget.

    Args:
        budget_bytes: For the values of all maps.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._maps: OrderedDict[_Key, list[SaliencyMap]] = OrderedDict()
        self._shown: deque[_Key] = deque(maxlen=SHOWN)

    @property
    def size_bytes(self) -> int:
        """Of the values of all maps."""
        return sum(_size_bytes(maps) for maps in self._maps.values())

    def keep(self, disorder: str, method: str, maps: list[SaliencyMap]) -> None:
        """Keep the maps of one disorder; others go if there is no room for all."""
        key = (disorder, method)
        self._maps[key] = maps
        self._maps.move_to_end(key)
        size_bytes = self.size_bytes
        for other in [old for old in self._maps if old != key and old not in self._shown]:
            if size_bytes <= self.budget_bytes:
                break
            size_bytes -= _size_bytes(self._maps.pop(other))

    def get(self, disorder: str, method: str) -> list[SaliencyMap] | None:
        """The maps of one disorder, which are taken to be shown; None if they are not here."""
        key = (disorder, method)
        maps = self._maps.get(key)
        if maps is not None:
            self._maps.move_to_end(key)
            if key in self._shown:
                self._shown.remove(key)
            self._shown.append(key)
        return maps

    def clear(self) -> None:
        """Forget all of them."""
        self._maps.clear()
        self._shown.clear()


def _size_bytes(maps: list[SaliencyMap]) -> int:
    return sum(saliency.values.nbytes for saliency in maps)
