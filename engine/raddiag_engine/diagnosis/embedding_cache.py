"""Scan embeddings, kept by what the network was given."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor

DEFAULT_CAPACITY = 1024


class EmbeddingKey(NamedTuple):
    """Everything an embedding depends on.

    Attributes:
        prepared_hash: SHA-256 of the prepared scan.
        model_sha256: Of the weights.
        precision: Of the encoder.
        device: Where it ran, and where the embedding is.
    """

    prepared_hash: str
    model_sha256: str
    precision: str
    device: str


class EmbeddingCache:
    """The embeddings used last, at most `capacity` of them (8 kB each at a width of 2048)."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a cache holds at least one embedding, not {capacity}")
        self.capacity = capacity
        self._embeddings_C: OrderedDict[EmbeddingKey, Tensor] = OrderedDict()

    def __len__(self) -> int:
        return len(self._embeddings_C)

    def get(self, key: EmbeddingKey) -> Tensor | None:
        """The embedding (C,) under `key`, which counts as a use; None if it is not there."""
        if key not in self._embeddings_C:
            return None
        self._embeddings_C.move_to_end(key)
        return self._embeddings_C[key]

    def put(self, key: EmbeddingKey, embedding_C: Tensor) -> None:
        """Keep a copy, so that no larger tensor behind a view stays alive; the least recently used one goes."""
        self._embeddings_C[key] = embedding_C.detach().clone()
        self._embeddings_C.move_to_end(key)
        while len(self._embeddings_C) > self.capacity:
            self._embeddings_C.popitem(last=False)
