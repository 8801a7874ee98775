"""ICD-10-CM codes for disorders that come without: by name, against the tabular list. Free of torch."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

CODE = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_FUNCTION_WORDS = frozenset({"a", "an", "the", "of", "in"})
# What Radiopaedia adds to the title of an article without changing the disorder it is about.
_ARTICLE_QUALIFIER = re.compile(
    r"\s*\((summary|overview|differential|mnemonic|general|[\w ]*(staging|grading|classification|manifestations))\)$"
)
_SHORTENABLE = re.compile(r"[\[(]|\bunspecified\b|\bNOS\b|not elsewhere classified", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")
_BRITISH = (("ae", "e"), ("oe", "e"), ("sulph", "sulf"), ("grey", "gray"), ("fibre", "fiber"), ("centre", "center"))


def dotted(code: str) -> str:
    """A code as the tabular list writes it: upper case, with the dot after the category."""
    plain = code.strip().upper().replace(".", "")
    return plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"


def normalised(name: str) -> str:
    """The words of a name, in an order and spelling that do not depend on the writer.

    Case, accents, punctuation, possessives, plurals, British and American spelling, word order and function words are
    evened out: "Abscesses of the Lung" and "lung abscess" are equal, "Crohn disease" and "Crohn's disease" too.
    """
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = _WORD.findall(text.replace("'s", "").replace("non-", "non"))
    return " ".join(sorted(_singular(word) for word in words if word not in _FUNCTION_WORDS))


def match_by_name(name: str) -> tuple[str, ...]:
    """The code whose description or inclusion term is this name; empty if there is none or more than one.

    Official descriptions go before inclusion terms, and full wordings before those without "unspecified", "not
    elsewhere classified", "NOS" and bracketed words. A category goes before its own subcategories of the same name.
    A name that is a code itself (the release's classes of ICD-10-CM level) is its own match.
    """
    if dotted(name) in _descriptions():
        return (dotted(name),)
    key = normalised(_without_nos(_ARTICLE_QUALIFIER.sub("", name.lower())))
    for index in _indices():
        codes = _most_general(index.get(key, ()))
        if len(codes) == 1:
            return codes
    return ()


@cache
def _singular(word: str) -> str:
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
def _table() -> tuple[tuple[str, tuple[str, ...]], ...]:
    resource = files("raddiag_resources") / "icd10cm_names.tsv.gz"
    lines = gzip.decompress(resource.read_bytes()).decode().splitlines()
    fields = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple((code, tuple(names)) for code, *names in fields)


@cache
def _descriptions() -> dict[str, str]:
    return {code: names[0] for code, names in _table()}


@cache
def _indices() -> tuple[dict[str, set[str]], ...]:
    """Normalised name -> codes, from the most to the least trusted wording."""
    full, bare, further_full, further_bare = indices = ({}, {}, {}, {})  # type: ignore[var-annotated]
    for code, (description, *further) in _table():
        full.setdefault(normalised(description), set()).add(code)
        for name in _bare_names(description):
            bare.setdefault(normalised(name), set()).add(code)
        for term in further:
            further_full.setdefault(normalised(term), set()).add(code)
            for name in _bare_names(term):
                further_bare.setdefault(normalised(name), set()).add(code)
    return indices


def _most_general(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes that are not below another of them."""
    distinct = sorted(codes)
    return tuple(code for code in distinct if not any(code != other and code.startswith(other) for other in distinct))
