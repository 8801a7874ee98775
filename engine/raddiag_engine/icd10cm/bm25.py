"""BM25: how well documents answer a query, by the words they share. Knows words only as strings, nothing of codes.

Lucene's form: score = sum over query words of idf x tf x (k1 + 1) / (tf + k1 x (1 - b + b x length / mean length)),
idf = ln(1 + (N - n + 0.5) / (n + 0.5)), with N documents, n of them with the word, tf times in this one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75


class Bm25:
    """An index over documents, each given as its words.

    Args:
        documents: Words of each document, evened out as those of the queries will be.
        k1: How soon a repeated word counts no more.
        b: How much a long document is held against it: 0 not at all, 1 in full.
    """

    def __init__(self, documents: Iterable[Iterable[str]], k1: float = K1, b: float = B) -> None:
        self._word_ids: dict[str, int] = {}
        words, lengths = array("l"), array("l")
        for document in documents:
            before = len(words)
            words.extend(self._word_ids.setdefault(word, len(self._word_ids)) for word in document)
            lengths.append(len(words) - before)
        self.documents = len(lengths)
        lengths_N = np.asarray(lengths, dtype=np.int64)
        ids_T = np.asarray(words, dtype=np.int64)
        documents_T = np.repeat(np.arange(self.documents), lengths_N)
        # One entry a word and document, by word: the entries of a word are a slice.
        keys_E, counts_E = np.unique(ids_T * max(1, self.documents) + documents_T, return_counts=True)
        words_E, self._documents_E = np.divmod(keys_E, max(1, self.documents))
        self._starts = np.searchsorted(words_E, np.arange(len(self._word_ids) + 1))
        holding = np.diff(self._starts)
        idf = np.log1p((self.documents - holding + 0.5) / (holding + 0.5))
        relative_N = lengths_N / max(1.0, float(lengths_N.mean())) if self.documents else lengths_N.astype(float)
        dampening_E = k1 * (1 - b + b * relative_N[self._documents_E])
        self._weights_E = (idf[words_E] * counts_E * (k1 + 1) / (counts_E + dampening_E)).astype(np.float32)

    def __contains__(self, word: str) -> bool:
        return word in self._word_ids

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word of the documents."""
        return tuple(self._word_ids)

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float32]:
        """Score of every document, (N,); 0 for those that share no word.

        Args:
            query: Word -> how much it counts; 1 for a word as it was written.
        """
        scores_N = np.zeros(self.documents, dtype=np.float32)
        for word, weight in query.items():
            found = self._word_ids.get(word)
            if found is not None:
                entries = slice(self._starts[found], self._starts[found + 1])
                scores_N[self._documents_E[entries]] += weight * self._weights_E[entries]
        return scores_N
