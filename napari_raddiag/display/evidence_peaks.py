"""The separate strongest places of a saliency map, for stepping from one to the next. Knows no canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.saliency.saliency_map import SaliencyMap

MOST_PEAKS = 9
# Weaker places than this share of the scan's strongest are not worth a step.
WEAKEST_SHARE = 0.3
SAMPLED_VOXELS = 2_000_000
# Two peaks nearer than this many cells of the map cannot be told apart.
SEPARATION_CELLS = 1.5


@dataclass(frozen=True)
class Peak:
    """One place of a map.

    Attributes:
        index: Voxel in `Scan.voxels`.
        value: In [0, 1], on the scale of the case.
        slices: First and last acquired slice it may lie in, as far as the map can tell; None for an image.
    """

    index: tuple[int, ...]
    value: float
    slices: tuple[int, int] | None


def is_dark(saliency: SaliencyMap) -> bool:
    """True if the scan holds no evidence; as the map's own property, but it looks at the peak alone."""
    return not float(saliency.values[saliency.peak]) > 0


def evidence_peaks(saliency: SaliencyMap) -> tuple[Peak, ...]:
    """The map's peak and the local maxima apart from it, strongest first; none for a dark map.

    A large map is sampled at a fraction of its own cells, which is as fine as it can tell.
    """
    if is_dark(saliency):
        return ()
    strongest = float(saliency.values[saliency.peak])
    candidates, values = _local_maxima(saliency, WEAKEST_SHARE * strongest)
    apart = np.maximum(np.array(saliency.cell, dtype=np.float64) * SEPARATION_CELLS, 2.0)
    apart = np.maximum(apart, np.array(saliency.values.shape) / 16)
    chosen: list[tuple[int, ...]] = [tuple(int(i) for i in saliency.peak)]
    for i in np.argsort(-values, kind="stable"):
        if len(chosen) == MOST_PEAKS:
            break
        place = candidates[i]
        # An ellipsoid about each chosen peak; a slice axis of one cell alone separates nothing within it.
        if all(np.linalg.norm((place - np.array(other)) / apart) >= 1 for other in chosen):
            chosen.append(tuple(int(index) for index in place))
    return tuple(Peak(index, float(saliency.values[index]), _slices(saliency, index)) for index in chosen)


def _local_maxima(saliency: SaliencyMap, weakest: float) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """(N, axes) voxel indices and (N,) values of samples that no neighbour exceeds."""
    values = saliency.values
    finest = math.ceil((values.size / SAMPLED_VOXELS) ** (1 / values.ndim)) if values.size > SAMPLED_VOXELS else 1
    steps = tuple(max(finest if cell >= finest else 1, int(cell // 4), 1) for cell in saliency.cell)
    sample = np.ascontiguousarray(values[tuple(slice(step // 2, None, step) for step in steps)])
    highest = sample
    for axis in range(sample.ndim):
        highest = _highest_of_three(highest, axis)
    places = np.argwhere((sample >= highest) & (sample >= weakest))
    offsets = np.array([step // 2 for step in steps])
    return places * np.array(steps) + offsets, sample[tuple(places.T)]


def _highest_of_three(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Along one axis the largest of each value and its two neighbours."""
    highest = values.copy()
    before, after = [slice(None)] * values.ndim, [slice(None)] * values.ndim
    before[axis], after[axis] = slice(None, -1), slice(1, None)
    np.maximum(highest[tuple(before)], values[tuple(after)], out=highest[tuple(before)])
    np.maximum(highest[tuple(after)], values[tuple(before)], out=highest[tuple(after)])
    return highest


def _slices(saliency: SaliencyMap, index: tuple[int, ...]) -> tuple[int, int] | None:
    if len(index) == 2:
        return None
    half = saliency.slice_resolution / 2
    return max(0, round(index[0] - half)), min(saliency.values.shape[0] - 1, round(index[0] + half))
