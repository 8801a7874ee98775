"""Concepts of the UMLS Metathesaurus, from the user's own licensed MRCONSO.RRF and, if wanted, MRDEF.RRF.

MRCONSO has some ten million lines, sorted by concept: it is read once, a concept at a time. Kept are the concepts that
have an ICD-10-CM code among their atoms, as the others are for the most part no disorders; English atoms that are not
suppressed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from raddiag_engine.icd10cm.code import CODE
from raddiag_train.knowledge.concept import Concept, Description
from raddiag_train.knowledge.sources.lines import BadLines, numbered_lines

_CONSO_FIELDS, _DEF_FIELDS = 18, 8
_ENGLISH, _NOT_SUPPRESSED, _ICD10CM = "ENG", "N", "ICD10CM"


class _Atom(NamedTuple):
    concept: str
    atom: str
    preferred: bool
    source: str
    code: str
    name: str


def umls_concepts(conso: Path, definitions: Path | None, source: str, bad: BadLines) -> Iterator[Concept]:
    """The concepts that have an ICD-10-CM code.

    Raises:
        ConfigError: A file cannot be read, or a line is at fault and bad lines are not left out.
    """
    texts = _definitions(definitions, bad) if definitions else {}
    for concept, group in groupby(_atoms(conso, bad), key=lambda atom: atom.concept):
        atoms = list(group)
        codes = [atom.code for atom in atoms if atom.source == _ICD10CM and CODE.fullmatch(atom.code)]
        if not codes:
            continue
        name = next((atom.name for atom in atoms if atom.preferred), atoms[0].name)
        # A definition belongs to an atom, whose language is English here; those of other languages drop out so.
        defined = [text for atom in atoms for text in texts.get((concept, atom.atom), ())]
        yield Concept(
            f"UMLS:{concept}",
            name,
            source,
            synonyms=tuple(dict.fromkeys(atom.name for atom in atoms if atom.name.casefold() != name.casefold())),
            descriptions=tuple(Description(text) for text in dict.fromkeys(defined)),
            icd10cm=tuple(dict.fromkeys(codes)),
        )


def _atoms(path: Path, bad: BadLines) -> Iterator[_Atom]:
    """English atoms in the order of the file."""
    for number, fields in _fields(path, _CONSO_FIELDS, bad):
        concept, language, status, _, form, _, preferred, atom = fields[:8]
        source, code, name, suppressed = fields[11], fields[13], " ".join(fields[14].split()), fields[16]
        if language != _ENGLISH or suppressed != _NOT_SUPPRESSED:
            continue
        if not name:
            bad.report(path, number, "the name (STR) is empty")
            continue
        best = status == "P" and form == "PF" and preferred == "Y"
        yield _Atom(concept, atom, best, source, code, name)


def _definitions(path: Path, bad: BadLines) -> dict[tuple[str, str], list[str]]:
    """Texts by concept and atom."""
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for _, (concept, atom, _, _, _, text, suppressed, *_) in _fields(path, _DEF_FIELDS, bad):
        if suppressed == _NOT_SUPPRESSED and text.strip():
            texts[concept, atom].append(" ".join(text.split()))
    return texts


def _fields(path: Path, count: int, bad: BadLines) -> Iterator[tuple[int, list[str]]]:
    """The fields of every line of an RRF file; each ends with a bar, the last one too."""
    for number, line in numbered_lines(path, bad):
        fields = line.split("|")
        if len(fields) != count + 1 or fields[-1]:
            bad.report(path, number, f"{len(fields) - 1} fields where this RRF file has {count}")
        elif not (len(fields[0]) == 8 and fields[0][0] == "C" and fields[0][1:].isdigit()):
            bad.report(path, number, f"{fields[0][:20]!r} is no concept identifier such as C0032326")
        else:
            yield number, fields[:-1]
