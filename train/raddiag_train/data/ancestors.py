"""What lies above the disorders in ICD-10-CM, as auxiliary classes in training.

A rare disorder has few cases, its category, block and chapter have many: learned beside it, they shape the features
that its own classifier then needs few cases for. They are classes of the training alone; the published model's label
space is that of its disorders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.models.card import Disorder


@dataclass(frozen=True)
class Ancestor:
    """A category, block or chapter of ICD-10-CM with several disorders of a label space below it.

    Attributes:
        code: Such as "J12", "J09-J18" or "J00-J99".
        name: Its description.
        members: Indices of those disorders, increasing.
    """

    code: str
    name: str
    members: tuple[int, ...]


def icd10cm_ancestors(disorders: Sequence[Disorder]) -> tuple[Ancestor, ...]:
    """The places in ICD-10-CM with at least two of the disorders at or below them, in the order of their codes.

    Of several places with the same disorders, as a block of one category, the lowest stands for all; a place that
    holds all coded disorders tells nothing and is left out. Codes that the classification does not have count for
    nothing, as does "Normal".
    """
    table = icd10cm()
    members: dict[str, set[int]] = {}
    depth: dict[str, int] = {}
    for k, disorder in enumerate(disorders):
        for code in disorder.icd10cm:
            if code in table:
                above = (table.without_seventh_character(code), *table.ancestors(code))
                for height, place in enumerate(above):
                    members.setdefault(place, set()).add(k)
                    depth[place] = len(above) - height
    coded = set().union(*members.values()) if members else set()
    lowest: dict[tuple[int, ...], str] = {}
    for place in sorted(members, key=lambda place: (-depth[place], place)):
        own = tuple(sorted(members[place]))
        if 1 < len(own) < len(coded):
            lowest.setdefault(own, place)
    return tuple(Ancestor(place, table[place].description, own) for own, place in sorted(lowest.items(), key=_by_code))


def _by_code(item: tuple[tuple[int, ...], str]) -> str:
    return item[1]
