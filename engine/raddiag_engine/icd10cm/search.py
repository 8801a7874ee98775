"""ICD-10-CM by text: the codes whose official names or inclusion terms answer a query best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from raddiag_engine.icd10cm.entry import Entry
from raddiag_engine.icd10cm.name_search import NameSearch
from raddiag_engine.icd10cm.table import Icd10cm, icd10cm

# A category comes before its subcodes where the words do not tell them apart; less than any word is worth.
_PRIOR_PER_CHARACTER = -0.02


@dataclass(frozen=True)
class Hit:
    """A code that was found.

    Attributes:
        entry: Its entry.
        name: Which of its names was found: the description or an inclusion term.
        score: How well it answers; comparable within one search only. Infinite where a code was asked for.
    """

    entry: Entry
    name: str
    score: float


class Icd10cmSearch:
    """An index over the categories and subcodes of a table, seventh characters left out; made in about a second.

    Args:
        table: The classification.
    """

    def __init__(self, table: Icd10cm) -> None:
        self._table = table
        self._codes = table.codes()
        names = [(*entry.names, *entry.includes) for entry in map(table.__getitem__, self._codes)]
        priors_N = np.array([_PRIOR_PER_CHARACTER * len(code) for code in self._codes])
        self._index = NameSearch(names, priors_N)

    def search(self, text: str, top: int = 10) -> tuple[Hit, ...]:
        """The best codes for a text, best first.

        Args:
            text: A name, symptoms, the beginning of a word; or a code, which is followed by the codes below it.
            top: Most codes to return.
        """
        if text.strip() and text in self._table:
            entry = self._table[text]
            family = (entry, *map(self._table.__getitem__, self._table.descendants(entry.code)))
            return tuple(Hit(one, one.description, float("inf")) for one in family[:top])
        found = self._index.search(text, top)
        return tuple(Hit(self._table[self._codes[match.item]], match.name, match.score) for match in found)


@cache
def icd10cm_search() -> Icd10cmSearch:
    """The index over the classification that ships with this package; made once."""
    return Icd10cmSearch(icd10cm())
