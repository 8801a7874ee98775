"""Concepts of ICD-10-CM: descriptions and inclusion terms, the tree, and what the excludes notes tell.

ICD-10-CM defines nothing in sentences. What a code includes and which code it belongs to makes a description of it,
without its own name: "Includes persistent air leak. A kind of other pneumothorax and air leak, among diseases of the
respiratory system." An excludes1 note is an expert's word that two conditions are not the same, and where it points to
one code, it also names that code in other words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from raddiag_engine.icd10cm import Entry, Icd10cm
from raddiag_engine.icd10cm.references import reference
from raddiag_engine.icd10cm.words import normalised
from raddiag_train.knowledge.concept import Concept, Description

PREFIX = "ICD10CM:"


def icd10cm_concepts(table: Icd10cm) -> Iterator[Concept]:
    """A concept for every chapter, block, category and subcode, seventh characters left out."""
    source = f"ICD-10-CM {table.release}"
    synonyms, excluded = _from_excludes_notes(table)
    chapters = list(dict.fromkeys(table.chapter_of(code).code for code in table.categories()))
    for code in (code for chapter in chapters for code in (chapter, *table.descendants(chapter))):
        entry, parent = table[code], table.parent(code)
        known = {normalised(name) for name in entry.names}
        further = [name for name in synonyms[code] if normalised(name) not in known]
        yield Concept(
            PREFIX + code,
            entry.description,
            source,
            synonyms=tuple(dict.fromkeys((*entry.inclusion_terms, *further))),
            descriptions=_description(entry, table),
            parents=(PREFIX + parent,) if parent else (),
            excluded=tuple(PREFIX + other for other in excluded[code]),
            icd10cm=() if "-" in code else (code,),
            first_level=entry.kind != "subcode",
        )


def _from_excludes_notes(table: Icd10cm) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What the notes call a code, and which codes they exclude from one: two dictionaries by code."""
    names: dict[str, list[str]] = defaultdict(list)
    excluded: dict[str, list[str]] = defaultdict(list)
    for code in table.codes():
        entry = table[code]
        for note in (*entry.excludes1, *entry.excludes2):
            pointed = reference(note, table)
            if pointed.exact and pointed.name:
                names[pointed.codes[0]].append(pointed.name)
            if note in entry.excludes1:
                excluded[code].extend(pointed.codes)
    return names, excluded


def _description(entry: Entry, table: Icd10cm) -> tuple[Description, ...]:
    included = (*entry.inclusion_terms, *entry.includes)
    parent = table.parent(entry.code)
    if not included or parent is None:
        return ()
    chapter = table.chapter_of(entry.code).description
    kind = _lower_first(table[parent].description)
    text = f"Includes {'; '.join(map(_lower_first, included))}. A kind of {kind}, among {_lower_first(chapter)}."
    return (Description(text, "clinical information", mentions=(*included, table[parent].description)),)


def _lower_first(name: str) -> str:
    """A name inside a sentence: its first letter small, but for names such as "COVID-19" and "HIV disease"."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name
