"""Random numbers of the scans of a group: drawn once a scan, for the scans of all processes, on the CPU."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from raddiag_engine.network.packing import GroupRows


class ScanDraws:
    """Draws for a group; each gives a value for every scan of it that this process has.

    Args:
        generator: On the CPU.
        scans: Of the group that this process has.
        own: Which of the batch's scans they are; None if it has all.
    """

    def __init__(self, generator: torch.Generator, scans: int, own: GroupRows | None) -> None:
        self._generator = generator
        self._drawn = scans if own is None else len(own.slots_A)
        self._own: Tensor | slice = slice(None) if own is None else own.rows_N

    def chosen(self, probability: float) -> Tensor:
        """True with a probability, (scans,)."""
        return torch.rand(self._drawn, generator=self._generator)[self._own] < probability

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform from low to high, (scans, *shape)."""
        return low + (high - low) * torch.rand(self._drawn, *shape, generator=self._generator)[self._own]

    def seeds(self) -> Tensor:
        """For noise that is drawn where the voxels are, int64 (scans,)."""
        return torch.randint(2**62, (self._drawn,), generator=self._generator)[self._own]


def fill_scans(rows: Tensor, scans: Tensor, seeds: Tensor, fill: Callable[[Tensor, torch.Generator], Tensor]) -> None:
    """Fill rows at random, scan by scan.

    Args:
        rows: To be filled; the rows of a scan follow one another.
        scans: The scan of each row.
        seeds: Of every scan.
        fill: Draws the values of a scan's rows, in place.
    """
    start = 0
    generator = torch.Generator(rows.device)
    for scan, count in zip(*(part.tolist() for part in scans.unique_consecutive(return_counts=True)), strict=True):
        fill(rows[start : start + count], generator.manual_seed(int(seeds[scan])))
        start += count
