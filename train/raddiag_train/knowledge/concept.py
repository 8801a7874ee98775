"""A disorder as a knowledge source has it: names, descriptions, and its place among others. Knows no file format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DescriptionKind = Literal["definition", "radiologic features", "clinical information"]


@dataclass(frozen=True)
class Description:
    """Text about a concept.

    Attributes:
        text: One or a few sentences.
        kind: What it tells.
        mentions: Names that it is made of; where one is kept out of training, the text is too.
    """

    text: str
    kind: DescriptionKind = "definition"
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concept:
    """One disorder of one source.

    Attributes:
        identifier: With its source as prefix, such as "ICD10CM:J93.0" or "DOID:1673"; unique over all sources.
        name: The preferred name.
        source: Where it is from, with the release where known.
        synonyms: Other names of the same.
        descriptions: What is written about it.
        parents: Identifiers of the concepts it is a kind of.
        excluded: Identifiers of concepts that an expert has marked as something else.
        icd10cm: Codes it corresponds to.
        first_level: True for the classes a model predicts (ICD-10-CM categories) and what is above them; their names
            are what retrieval chooses from, so they are never kept out of training.
    """

    identifier: str
    name: str
    source: str
    synonyms: tuple[str, ...] = ()
    descriptions: tuple[Description, ...] = ()
    parents: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    icd10cm: tuple[str, ...] = ()
    first_level: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The preferred name, then the synonyms."""
        return (self.name, *self.synonyms)
