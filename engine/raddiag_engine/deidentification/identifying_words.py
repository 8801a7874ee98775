"""Words that name somebody, and where they stand in other texts, however they are written there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from raddiag_engine.deidentification.elements import BAD_VALUE, text_of, values_of

IDENTIFIERS = frozenset({"PatientID", "OtherPatientIDs", "AccessionNumber", "PatientBirthDate"})
# Shorter ones are part of too many other words.
LEAST_LETTERS_INSIDE_A_WORD = 4


def identifying_words(dataset: Dataset) -> frozenset[str]:
    """Every word of a person's name or of what identifies the patient in a file, as `words_of` writes them."""
    words: set[str] = set()
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(tag)
        try:
            element = dataset[tag]
        except BAD_VALUE:
            continue
        if element.VR == "PN" or keyword in IDENTIFIERS:
            for value in values_of(element):
                words |= words_of(text_of(value))
        elif element.VR == "SQ":
            for item in element.value:
                words |= identifying_words(item)
    return frozenset(words)


def words_of(text: str) -> set[str]:
    """The words of two letters or more in a text, upper case, without accents."""
    return {word for word in re.findall(r"[^\W_]+", plain(text)) if len(word) > 1}


def names_somebody(text: str, names: Collection[str]) -> bool:
    """True if one of the names is a word of a text, or a part of one ("DoeJohn")."""
    words = words_of(text)
    return not words.isdisjoint(names) or any(
        name in word for word in words for name in names if len(name) >= LEAST_LETTERS_INSIDE_A_WORD
    )


def plain(text: str) -> str:
    """Upper case without accents, so that a name is found however its accents are stored (macOS takes them apart)."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).upper()
