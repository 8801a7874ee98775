"""Batches, and how long a run has waited for them: what faster reading could save."""

from __future__ import annotations

import time
from collections.abc import Iterator

from raddiag_train.data.batches import TrainingBatch


class TimedBatches:
    """An iterator that measures how long each batch takes to come.

    Args:
        batches: As a DataLoader gives them.
    """

    def __init__(self, batches: Iterator[TrainingBatch]) -> None:
        self._batches = batches
        self._waited_s = 0.0

    def __iter__(self) -> TimedBatches:
        return self

    def __next__(self) -> TrainingBatch:
        start = time.monotonic()
        batch = next(self._batches)
        self._waited_s += time.monotonic() - start
        return batch

    def waited_since(self) -> float:
        """Seconds waited since the last call."""
        waited_s, self._waited_s = self._waited_s, 0.0
        return waited_s
