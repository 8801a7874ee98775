"""Disorders by the words they share with a text: BM25."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raddiag_engine.icd10cm.name_search import NameSearch
from raddiag_train.knowledge.searched_disorder import DisorderHit, SearchedDisorder

# Among equals the shorter code, which is the more general disorder.
_PRIOR_PER_CHARACTER = -0.02


class LexicalSearch:
    """An index over disorders.

    Args:
        disorders: To search in.
    """

    def __init__(self, disorders: Sequence[SearchedDisorder]) -> None:
        self._disorders = tuple(disorders)
        priors = [_PRIOR_PER_CHARACTER * min(map(len, disorder.icd10cm), default=0) for disorder in self._disorders]
        self._index = NameSearch([disorder.names for disorder in self._disorders], np.array(priors))

    def search(self, text: str, top: int = 10) -> tuple[DisorderHit, ...]:
        """The best disorders, best first, at most `top`; none if no word is shared."""
        matches = self._index.search(text, top)
        return tuple(DisorderHit(self._disorders[match.item], match.name, match.score) for match in matches)
