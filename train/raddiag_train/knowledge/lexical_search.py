"""Disorders by the words they share with a text: BM25 over their names, codes' names and, if given, descriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.icd10cm.name_search import NameSearch
from raddiag_engine.models.card import ModelCard
from raddiag_train.knowledge.holdout import name_key
from raddiag_train.knowledge.pair import KnowledgePair

# Among equals the shorter code, which is the more general disorder.
_PRIOR_PER_CHARACTER = -0.02


@dataclass(frozen=True)
class SearchedDisorder:
    """A disorder that can be found.

    Attributes:
        name: As shown.
        icd10cm: Its codes.
        names: What it is found by.
    """

    name: str
    icd10cm: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class DisorderHit:
    """A disorder that was found, the name or description that answers best, and its score within this search."""

    disorder: SearchedDisorder
    text: str
    score: float


def disorders_of_icd10cm() -> tuple[SearchedDisorder, ...]:
    """Every category and subcode, found by description, inclusion terms and "includes" notes."""
    table = icd10cm()
    entries = map(table.__getitem__, table.codes())
    return tuple(SearchedDisorder(e.description, (e.code,), (*e.names, *e.includes)) for e in entries)


def disorders_of_card(card: ModelCard) -> tuple[SearchedDisorder, ...]:
    """The disorders of a model, "Normal" left out, found by their name and the official names of their codes."""
    table = icd10cm()
    return tuple(
        SearchedDisorder(
            disorder.name,
            disorder.icd10cm,
            (disorder.name, *(name for code in disorder.icd10cm if code in table for name in table[code].names)),
        )
        for disorder in card.disorders
        if not disorder.normal
    )


class LexicalSearch:
    """An index over disorders.

    Args:
        disorders: To search in.
        pairs: Synonyms and descriptions to find them by as well: of the same name, or else of the same code.
    """

    def __init__(self, disorders: Sequence[SearchedDisorder], pairs: Iterable[KnowledgePair] = ()) -> None:
        self._disorders = tuple(disorders)
        by_name: dict[str, list[str]] = defaultdict(list)
        by_code: dict[str, list[str]] = defaultdict(list)
        for pair in pairs:
            if pair.kind != "hierarchy":
                by_name[name_key(pair.term)].append(pair.text)
                for code in pair.icd10cm:
                    by_code[code].append(pair.text)
        names = []
        for disorder in self._disorders:
            further = by_name.get(name_key(disorder.name), ())
            further = further or [text for code in disorder.icd10cm for text in by_code.get(code, ())]
            names.append(tuple(dict.fromkeys((*disorder.names, *further))))
        priors = [_PRIOR_PER_CHARACTER * min(map(len, disorder.icd10cm), default=0) for disorder in self._disorders]
        self._index = NameSearch(names, np.array(priors))

    def search(self, text: str, top: int = 10) -> tuple[DisorderHit, ...]:
        """The best disorders, best first, at most `top`; none if no word is shared."""
        matches = self._index.search(text, top)
        return tuple(DisorderHit(self._disorders[match.item], match.name, match.score) for match in matches)
