"""ICD-10-CM codes for disorders that come without: by name, against the tabular list. Free of torch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.icd10cm.code import CODE, dotted
from raddiag_engine.icd10cm.words import normalised

# What Radiopaedia adds to the title of an article without changing the disorder it is about.
_ARTICLE_QUALIFIER = re.compile(
    r"\s*\((summary|overview|differential|mnemonic|general|[\w ]*(staging|grading|classification|manifestations))\)$"
)
_SHORTENABLE = re.compile(r"[\[(]|\bunspecified\b|\bNOS\b|not elsewhere classified", re.IGNORECASE)


def match_by_name(name: str) -> tuple[str, ...]:
    """The code whose description or inclusion term is this name; empty if there is none or more than one.

    Official descriptions go before inclusion terms, and full wordings before those without "unspecified", "not
    elsewhere classified", "NOS" and bracketed words. A category goes before its own subcategories of the same name.
    A name that is a code itself (the release's classes of ICD-10-CM level) is its own match.
    """
    if CODE.fullmatch(dotted(name)) and name in icd10cm():
        return (icd10cm().without_seventh_character(name),)
    key = normalised(_without_nos(_ARTICLE_QUALIFIER.sub("", name.lower())))
    for index in _indices():
        codes = _most_general(index.get(key, ()))
        if len(codes) == 1:
            return codes
    return ()


def _without_nos(name: str) -> str:
    """A name without what says only that nothing more is known."""
    parts = [part for part in name.split(",") if not re.search(r"\bunspecified\b|not elsewhere classified", part)]
    bare = ",".join(parts) or name
    return re.sub(r"\bunspecified\b|\bnos\b", " ", bare, flags=re.IGNORECASE)


def _bare_names(name: str) -> Iterable[str]:
    """Shorter wordings of an official name, if any: without NOS or brackets; the synonym inside square brackets."""
    if not _SHORTENABLE.search(name):
        return
    synonyms = [text for text in re.findall(r"\[([^]]+)\]", name) if not text.isupper()]
    outside = re.sub(r"\[[^]]*\]", " ", name)
    # "Unspecified appendicitis" says no more than "appendicitis"; a part before a comma stays what it is about.
    outside = re.sub(r"^unspecified\s+", "", outside, flags=re.IGNORECASE)
    yield from (_without_nos(text) for text in (outside, re.sub(r"\([^)]*\)", " ", outside), *synonyms))


@cache
def _indices() -> tuple[dict[str, set[str]], ...]:
    """Normalised name -> codes, from the most to the least trusted wording."""
    full, bare, further_full, further_bare = indices = ({}, {}, {}, {})  # type: ignore[var-annotated]
    for entry in map(icd10cm().__getitem__, icd10cm().codes()):
        code = entry.code
        full.setdefault(normalised(entry.description), set()).add(code)
        for name in _bare_names(entry.description):
            bare.setdefault(normalised(name), set()).add(code)
        for term in (*entry.inclusion_terms, *entry.includes):
            further_full.setdefault(normalised(term), set()).add(code)
            for name in _bare_names(term):
                further_bare.setdefault(normalised(name), set()).add(code)
    return indices


def _most_general(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes that are not below another of them."""
    distinct = sorted(codes)
    return tuple(code for code in distinct if not any(code != other and code.startswith(other) for other in distinct))
