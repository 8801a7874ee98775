"""Scores of texts for queries, by an encoder or by BM25, behind one protocol; and the rank of the right answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm.bm25 import Bm25
from raddiag_engine.icd10cm.words import words
from raddiag_engine.knowledge.encoder import TextEncoder


class Scorer(Protocol):
    """Says how well texts answer queries."""

    @property
    def name(self) -> str:
        """As shown in reports."""

    def scores(self, queries: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float32]:
        """(queries, candidates); higher is nearer."""


class EncoderScorer:
    """Cosine of the vectors of an encoder.

    Args:
        encoder: Any that gives vectors of length 1.
        name: As shown in reports; the encoder's own if empty.
    """

    def __init__(self, encoder: TextEncoder, name: str = "") -> None:
        self._encoder = encoder
        self._name = name

    @property
    def name(self) -> str:
        """As given, or of the encoder."""
        return self._name or self._encoder.name

    def scores(self, queries: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float32]:
        """Cosine, (queries, candidates)."""
        return self._encoder.encode(queries) @ self._encoder.encode(candidates).T


class Bm25Scorer:
    """Shared words; the candidates are the documents. What learns nothing, and is to be beaten."""

    name = "BM25"

    def scores(self, queries: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float32]:
        """BM25, (queries, candidates); 0 where no word is shared."""
        index = Bm25(words(candidate) for candidate in candidates)
        scores_QC = np.zeros((len(queries), len(candidates)), dtype=np.float32)
        for row, query in enumerate(queries):
            scores_QC[row] = index.scores(dict.fromkeys(words(query), 1.0))
        return scores_QC


def ranks(scores_QC: NDArray[np.float32], right_QC: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rank of the best right answer of each query, from 1; wrong ones of the same score come before it: (Q,).

    So a scorer that gives everything the same score ranks the right answer last. Each query must have a right answer.
    """
    best_Q = np.where(right_QC, scores_QC, -np.inf).max(1)
    return 1 + ((scores_QC >= best_Q[:, None]) & ~right_QC).sum(1)
