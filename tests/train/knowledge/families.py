"""A made-up classification of plain words: groups with kinds, which have synonyms and descriptions."""

from __future__ import annotations

from raddiag_train.knowledge.concept import Concept, Description

_SOUNDS = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "ru", "sa", "te")


def _word(number: int, start: str) -> str:
    first, second = divmod(number, len(_SOUNDS))
    return start + _SOUNDS[second] + _SOUNDS[first % len(_SOUNDS)] + _SOUNDS[(first + second * 5) % len(_SOUNDS)]


def concepts(groups: int = 12, kinds: int = 8) -> list[Concept]:
    """Groups, and their kinds; a kind and its synonym share neither words nor letters."""
    made = [Concept(f"F:{g}", f"{_word(g, 'gr')} trouble", "families", first_level=True) for g in range(groups)]
    total = groups * kinds
    for g in range(groups):
        for k in range(kinds):
            number = g * kinds + k
            name, other = f"{_word(number, 'x')} {_word(g, 'gr')}", f"{_word((5 * number + 3) % total, 'y')} ailment"
            text = f"Found where {_word(number, 'z')} meets {_word(g, 'w')}."
            made.append(Concept(f"F:{g}.{k}", name, "families", (other,), (Description(text),), parents=(f"F:{g}",)))
    return made
