"""The words of a medical name in a spelling that does not depend on the writer."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

FUNCTION_WORDS = frozenset({"a", "an", "the", "of", "in"})
_WORD = re.compile(r"[a-z0-9]+")
_BRITISH = (("ae", "e"), ("oe", "e"), ("sulph", "sulf"), ("grey", "gray"), ("fibre", "fiber"), ("centre", "center"))


def plain_words(text: str) -> list[str]:
    """The words in order, lower case, without accents, possessives, punctuation and function words."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = _WORD.findall(ascii_text.replace("'s", "").replace("non-", "non"))
    return [word for word in words if word not in FUNCTION_WORDS]


def words(text: str) -> list[str]:
    """Like `plain_words`, each in American spelling and in one number, so that "tumours" and "tumor" are equal."""
    return [one_spelling(word) for word in plain_words(text)]


def normalised(name: str) -> str:
    """The words of a name, sorted.

    Case, accents, punctuation, possessives, plurals, British and American spelling, word order and function words are
    evened out: "Abscesses of the Lung" and "lung abscess" are equal, "Crohn disease" and "Crohn's disease" too.
    """
    return " ".join(sorted(words(name)))


@cache
def one_spelling(word: str) -> str:
    """A word in American spelling and in one number; "metastasis" and "metastases" both become "metastase"."""
    for british, american in _BRITISH:
        word = word.replace(british, american)
    if word.endswith(("our", "ours")):
        word = word.replace("our", "or")  # tumour, colour
    word = re.sub(r"is(e[ds]?|ing|ation)$", r"iz\1", word) if len(word) > 6 else word
    if word.endswith(("ss", "us")) or len(word) < 4:
        return word
    for plural, singular in (("sses", "ss"), ("sis", "se"), ("ses", "se"), ("ies", "y"), ("xes", "x"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word
