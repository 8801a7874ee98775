"""Near-duplicates: pictures so alike that they must not lie in two splits.

Two thumbnails of 32 x 32 px are near-duplicates if they correlate over a threshold, or if they correlate fairly well
and their perceptual hashes nearly agree; the hash alone takes two smooth pictures for one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THUMBNAIL_PX = 32
TWIN_CORRELATION = 0.999
HASH_BITS = 64
BLOCK_ROWS = 2048


@dataclass(frozen=True)
class NearDuplicateConfig:
    """When two pictures count as one.

    Attributes:
        correlation: Pearson correlation of the thumbnails from which they do. Exact twins are over 0.999; the looser
            default also catches neighbouring slices, other crops and other compression.
        hash_correlation: Correlation needed besides a nearly equal perceptual hash.
        hash_bits: Bits of 64 by which perceptual hashes may differ.
    """

    correlation: float = 0.985
    hash_correlation: float = 0.95
    hash_bits: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.hash_correlation <= self.correlation <= 1:
            raise ValueError("correlations must satisfy 0 < hash_correlation <= correlation <= 1")


def near_duplicate_pairs(thumbnails: NDArray[np.float32], config: NearDuplicateConfig) -> NDArray[np.int64]:
    """Every pair of near-duplicates.

    Args:
        thumbnails: (N, 32, 32).
        config: When two count as one.

    Returns:
        (P, 2), first index below second.
    """
    vectors = _standardised(thumbnails)
    signs = np.where(perceptual_hashes(thumbnails), np.float32(1), np.float32(-1))
    found = []
    for first in range(0, len(vectors), BLOCK_ROWS):
        for second in range(first, len(vectors), BLOCK_ROWS):
            a, b = slice(first, first + BLOCK_ROWS), slice(second, second + BLOCK_ROWS)
            correlation = vectors[a] @ vectors[b].T
            different_bits = (HASH_BITS - signs[a] @ signs[b].T) / 2
            alike = (correlation >= config.hash_correlation) & (different_bits <= config.hash_bits)
            alike |= correlation >= config.correlation
            found.append(np.argwhere(alike) + np.array([first, second]))
    pairs = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def near_duplicate_groups(thumbnails: NDArray[np.float32], config: NearDuplicateConfig) -> NDArray[np.int64]:
    """(N,) group of each picture: near-duplicates, and near-duplicates of those, share one."""
    return connected_groups(len(thumbnails), near_duplicate_pairs(thumbnails, config))


def connected_groups(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(count,) connected component of each of `count` things linked by `pairs` (P, 2), numbered from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(links, directed=False)[1].astype(np.int64)


def perceptual_hashes(thumbnails: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N, 64) bits: the 8 x 8 lowest frequencies of the cosine transform, above or below their median."""
    from scipy.fft import dctn

    lowest = dctn(thumbnails, axes=(1, 2))[:, :8, :8].reshape(len(thumbnails), HASH_BITS)
    # The mean brightness is no feature, and would shift the median.
    lowest[:, 0] = np.median(lowest[:, 1:], axis=1)
    return lowest > np.median(lowest[:, 1:], axis=1, keepdims=True)


def _standardised(thumbnails: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    # A picture of one value correlates with nothing.
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
