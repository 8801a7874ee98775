"""Things found by their names: each has several, and is as good an answer as its best one. Knows no codes.

Word order, plurals, British spelling and slips of the pen do not matter. Every name is a document of its own: in one
long document, a thing would count less the more synonyms it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm.bm25 import Bm25
from raddiag_engine.icd10cm.spelling import Spelling
from raddiag_engine.icd10cm.words import one_spelling, plain_words

# What official names add without saying more; they count neither in names nor in queries.
_EMPTY_WORDS = frozenset(
    {"and", "classified", "elsewhere", "nec", "nos", "not", "or", "specified", "unspecified", "with"}
)
_SLIP_WEIGHT = 0.7  # of a word, for each slip
_COMPLETION_WEIGHT = 0.6


@dataclass(frozen=True)
class Match:
    """A thing that was found.

    Attributes:
        item: Its place in the list that is searched.
        name: The name of it that answers best.
        score: BM25 of that name; comparable within one search only.
    """

    item: int
    name: str
    score: float


class NameSearch:
    """An index over things with names.

    Args:
        names: Of each thing, at least one, in any number and length.
        priors: Added to the score of what was found at all, (N,); settles what the words leave open.
    """

    def __init__(self, names: Sequence[Sequence[str]], priors: NDArray[np.floating] | None = None) -> None:
        if not all(names):
            raise ValueError("a thing without a name cannot be found")
        self._names = [name for item in names for name in item]
        counts_N = np.array([len(item) for item in names], dtype=np.int64)
        self._firsts_N = np.cumsum(counts_N) - counts_N
        self._ends_N = np.cumsum(counts_N)
        self._priors_N = np.zeros(len(names), dtype=np.float32) if priors is None else priors.astype(np.float32)
        self._index = Bm25(_telling_words(name) for name in self._names)
        self._spelling = Spelling(self._index.vocabulary)

    def search(self, query: str, top: int = 10) -> tuple[Match, ...]:
        """The best answers, best first, at most `top`; what shares no word with the query is none."""
        if not len(self._firsts_N):
            return ()
        scores_M = self._index.scores(self._understood(query))
        best_N = np.maximum.reduceat(scores_M, self._firsts_N)
        ranked_N = np.where(best_N > 0, best_N + self._priors_N, -np.inf)
        candidates = np.argpartition(-ranked_N, top - 1)[:top] if top < len(ranked_N) else np.arange(len(ranked_N))
        order = sorted((item for item in candidates if best_N[item] > 0), key=lambda item: (-ranked_N[item], item))
        return tuple(self._match(int(item), scores_M) for item in order)

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every thing, (N,)."""
        return np.maximum.reduceat(self._index.scores(self._understood(query)), self._firsts_N)

    def _match(self, item: int, scores_M: NDArray[np.float32]) -> Match:
        first, end = int(self._firsts_N[item]), int(self._ends_N[item])
        best = first + int(scores_M[first:end].argmax())
        return Match(item, self._names[best], float(scores_M[best]))

    def _understood(self, query: str) -> dict[str, float]:
        """The words to look for: those of the query that are known, and for the others the known ones near them."""
        understood: dict[str, float] = {}
        for word in _telling_words(query):
            if word in self._index:
                understood[word] = 1.0
                continue
            for near, slips in self._spelling.near(word).items():
                understood[near] = max(understood.get(near, 0.0), _SLIP_WEIGHT**slips)
            for whole in self._spelling.completions(word):
                understood[whole] = max(understood.get(whole, 0.0), _COMPLETION_WEIGHT)
        return understood


def _telling_words(text: str) -> list[str]:
    """The words that say something, or all if none does, in one spelling."""
    plain = plain_words(text)
    telling = [word for word in plain if word not in _EMPTY_WORDS] or plain
    return [one_spelling(word) for word in telling]
