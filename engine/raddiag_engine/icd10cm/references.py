"""What an excludes note points to: "traumatic pneumothorax (S27.0)" names a condition and says where it is coded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from raddiag_engine.icd10cm.table import Icd10cm

_BRACKETS = re.compile(r"\(([^()]*[A-Z][0-9A][^()]*)\)[ ,.]*$")
_CODE = r"[A-Z][0-9A][0-9A-Z](?:\.[0-9A-Z]{1,4})?"
_REFERENCE = re.compile(rf"({_CODE})(?:\.?-?-({_CODE}))?")


@dataclass(frozen=True)
class Reference:
    """A note taken apart.

    Attributes:
        name: What it names, without the codes.
        codes: The codes it points to, those of a range one by one at the level of categories; only codes that exist.
        exact: True if it points to one code and not to a part of it ("with fifth character 5") or to a range.
    """

    name: str
    codes: tuple[str, ...]
    exact: bool


def reference(note: str, table: Icd10cm) -> Reference:
    """Take an excludes note apart; a note without codes points to none."""
    brackets = _BRACKETS.search(note)
    if brackets is None:
        return Reference(note.strip(), (), exact=False)
    codes: list[str] = []
    for first, last in _REFERENCE.findall(brackets[1]):
        codes.extend(_range(first, last, table) if last else [first] * (first in table))
    only_one = re.fullmatch(rf"{_CODE}\.?-?", brackets[1].strip()) is not None
    return Reference(note[: brackets.start()].strip(), tuple(dict.fromkeys(codes)), exact=only_one and len(codes) == 1)


def _range(first: str, last: str, table: Icd10cm) -> list[str]:
    """The codes from first to last: categories where these are categories, else the subcodes between the two."""
    if len(first) == len(last) == 3:
        return [code for code in table.categories() if first <= code <= last]
    if first not in table or first[:3] != last[:3]:
        return []
    return [code for code in table.descendants(first[:3]) if len(code) == len(first) and first <= code <= last]
