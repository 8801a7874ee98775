"""One chapter, block, category or subcode of ICD-10-CM, as the tabular list has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["chapter", "block", "category", "subcode"]


@dataclass(frozen=True)
class Entry:
    """What the tabular list says at one place; notes of the places above hold there too and are not repeated.

    Attributes:
        code: As written in the list ("J93.0", "S72.001A"); a range for chapters ("J00-J99") and blocks ("J90-J94").
        kind: Of the place in the tree.
        description: The official name.
        billable: True if it is a code of full length, which alone may be reported.
        inclusion_terms: Conditions that have this code: synonyms, and kinds that have no code of their own.
        includes: What else belongs here, for a whole chapter, block or category.
        excludes1: What never goes with this code, each mostly with its own code in brackets.
        excludes2: What does not belong here but may be there as well.
        notes: Other remarks.
    """

    code: str
    kind: Kind
    description: str
    billable: bool
    inclusion_terms: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    excludes1: tuple[str, ...] = ()
    excludes2: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The description, then the inclusion terms."""
        return (self.description, *self.inclusion_terms)
