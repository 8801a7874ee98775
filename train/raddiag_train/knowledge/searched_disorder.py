"""Disorders that can be searched, and all that they are found by: names, codes' names and, if given, descriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.models.card import ModelCard
from raddiag_train.knowledge.holdout import name_key
from raddiag_train.knowledge.pair import KnowledgePair


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


def with_pairs(disorders: Sequence[SearchedDisorder], pairs: Iterable[KnowledgePair]) -> tuple[SearchedDisorder, ...]:
    """The disorders with the synonyms and descriptions that pairs have of the same name, or else of the same code."""
    by_name: dict[str, list[str]] = defaultdict(list)
    by_code: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        if pair.kind != "hierarchy":
            by_name[name_key(pair.term)].append(pair.text)
            for code in pair.icd10cm:
                by_code[code].append(pair.text)
    extended = []
    for disorder in disorders:
        further = by_name.get(name_key(disorder.name), ())
        further = further or [text for code in disorder.icd10cm for text in by_code.get(code, ())]
        extended.append(replace(disorder, names=tuple(dict.fromkeys((*disorder.names, *further)))))
    return tuple(extended)
