"""Articles that cases are linked with: their titles become disorders, if they are about one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

DEFINITION_CHARACTERS = 600
_ID_DIGITS = 10
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True)
class Article:
    """An encyclopaedic article; it holds no patient's data.

    Attributes:
        title: As written where it was first seen.
        text: The longest that any case has of it; may be empty.
        given_definition: Where the records give one beside the text; else empty.
    """

    title: str
    text: str = ""
    given_definition: str = ""

    @property
    def key(self) -> str:
        """Equal for titles that differ in case and blanks only."""
        return title_key(self.title)

    @property
    def id(self) -> str:
        """Short and the same in every run; begins with a letter, so that no spreadsheet takes it for a number."""
        return "a" + hashlib.sha256(self.key.encode()).hexdigest()[:_ID_DIGITS]

    @property
    def definition(self) -> str:
        """The given definition, or else the first paragraph of the text; whole sentences where they fit."""
        text = self.given_definition or next((part for part in self.text.split("\n\n") if part.strip()), "")
        return whole_sentences(text, DEFINITION_CHARACTERS)


def title_key(title: str) -> str:
    """What two spellings of one title have in common."""
    return " ".join(title.split()).casefold()


def whole_sentences(text: str, most_characters: int) -> str:
    """The beginning of a text in one line, cut after a sentence, or else after a word."""
    line = " ".join(text.split())
    if len(line) <= most_characters:
        return line
    cut = line[:most_characters]
    ends = [match.end() for match in _SENTENCE_END.finditer(cut)]
    return cut[: ends[-1]] if ends else cut.rpartition(" ")[0] + " ..."
