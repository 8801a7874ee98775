"""What cases have, as the numbers of their classes: 195,000 cases of 5,569 classes would take 4.3 GB as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CaseLabels:
    """The positive classes of N cases, as the rows of a sparse matrix (CSR).

    Attributes:
        starts_N1: int64, where each case begins in `classes_P`, and where the last one ends.
        classes_P: int32, the classes of case 0, then of case 1, and so on.
        width: Number of classes K.
    """

    starts_N1: NDArray[np.int64]
    classes_P: NDArray[np.int32]
    width: int

    @classmethod
    def of(cls, classes: Sequence[Sequence[int]], width: int) -> CaseLabels:
        """From the list of classes of each case."""
        starts_N1 = np.cumsum([0, *map(len, classes)], dtype=np.int64)
        classes_P = np.fromiter((k for of_case in classes for k in of_case), np.int32, count=int(starts_N1[-1]))
        return cls(starts_N1, classes_P, width)

    def __len__(self) -> int:
        return len(self.starts_N1) - 1

    def row(self, index: int) -> NDArray[np.float32]:
        """(K,) targets of one case, 1 for what it has."""
        labels_K = np.zeros(self.width, dtype=np.float32)
        labels_K[self.classes_P[self.starts_N1[index] : self.starts_N1[index + 1]]] = 1.0
        return labels_K

    def matrix(self) -> NDArray[np.bool_]:
        """(N, K), for the few thousand cases of a validation or test split."""
        labels_NK = np.zeros((len(self), self.width), dtype=bool)
        labels_NK[self._cases_P, self.classes_P] = True
        return labels_NK

    def positives(self, weights_N: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """(K,) positive cases of each class, each case counted with its weight."""
        weights_P = None if weights_N is None else np.asarray(weights_N, dtype=np.float64)[self._cases_P]
        return np.bincount(self.classes_P, weights_P, minlength=self.width).astype(np.float64)

    def largest(self, values_K: NDArray[np.floating], otherwise: float) -> NDArray[np.float64]:
        """(N,) the largest of the values of each case's classes, and of `otherwise`."""
        largest_N = np.full(len(self), otherwise, dtype=np.float64)
        np.maximum.at(largest_N, self._cases_P, np.asarray(values_K, dtype=np.float64)[self.classes_P])
        return largest_N

    @property
    def _cases_P(self) -> NDArray[np.int64]:
        """Case of each entry of `classes_P`."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts_N1))
