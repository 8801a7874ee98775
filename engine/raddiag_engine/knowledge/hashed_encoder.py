"""A small encoder that runs anywhere: a learned vector and weight for each bucket of hashed features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from raddiag_engine.knowledge.ngram_features import bucket_ids
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder


class HashedEncoder(TrainableEncoder):
    """The weighted sum of the vectors of a text's features, and a small residual network on top.

    Untrained, its vectors are random, so that two texts are as near as they share features, rare ones counting more.

    Args:
        buckets: Of the hashed features.
        width: Numbers of a vector.
    """

    kind = "hashed_ngram"

    def __init__(self, buckets: int = 32768, width: int = 256) -> None:
        super().__init__()
        self.buckets = buckets
        self.vectors = nn.EmbeddingBag(buckets, width, mode="sum")
        nn.init.normal_(self.vectors.weight, std=width**-0.5)
        self.log_weights = nn.Parameter(torch.zeros(buckets))
        last = nn.Linear(width, width)
        self.residual = nn.Sequential(nn.Linear(width, width), nn.GELU(), last)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self._known: dict[str, Tensor] = {}

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self.vectors.embedding_dim

    def prepare(self, texts: Sequence[str]) -> None:
        """Weigh each feature by how few of the texts have it."""
        counts = np.zeros(self.buckets)
        for text in dict.fromkeys(texts):
            counts[bucket_ids(text, self.buckets)] += 1
        rarity = np.log1p(len(set(texts)) / (1 + counts))
        with torch.no_grad():
            self.log_weights.copy_(torch.from_numpy(np.log(rarity / rarity.mean())))

    def tokenise(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Bucket ids of all texts in a row, and where each begins."""
        ids = [self._ids(text) for text in texts]
        starts = np.cumsum([0, *(len(one) for one in ids[:-1])])
        device = self.log_weights.device
        return torch.cat(ids).to(device), torch.from_numpy(starts).to(device)

    def forward(self, tokens: tuple[Tensor, Tensor]) -> Tensor:
        """Vectors of length 1: (N, width)."""
        ids, starts = tokens
        weights = self.log_weights[ids].exp()
        summed = functional.normalize(self.vectors(ids, starts, per_sample_weights=weights), dim=-1)
        return functional.normalize(summed + self.residual(summed), dim=-1)

    def settings(self) -> dict[str, Any]:
        """Buckets and width."""
        return {"buckets": self.buckets, "width": self.width}

    def _ids(self, text: str) -> Tensor:
        if text not in self._known:
            self._known[text] = torch.from_numpy(bucket_ids(text, self.buckets))
        return self._known[text]
