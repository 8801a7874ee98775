"""Concepts of a table of mappings in SSSOM form, such as those of MONDO (mondo.sssom.tsv).

An exact match makes the object's label another name of the subject, a broad match the object its parent; a close match
or a related one says too little. An object of ICD-10-CM gives the subject its code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from raddiag_engine.icd10cm.code import CODE
from raddiag_train.knowledge.concept import Concept
from raddiag_train.knowledge.sources.lines import BadLines, numbered_lines, unreadable

COLUMNS = ("subject_id", "subject_label", "predicate_id", "object_id", "object_label")
_EXACT, _BROAD, _NARROW = "skos:exactMatch", "skos:broadMatch", "skos:narrowMatch"
_ICD10CM = "ICD10CM:"


def sssom_concepts(path: Path, source: str, bad: BadLines) -> list[Concept]:
    """The subjects, and the objects that are broader or narrower than one.

    Raises:
        ConfigError: The file cannot be read, lacks a column, or a line is at fault and bad lines are not left out.
    """
    names: dict[str, str] = {}
    synonyms: dict[str, list[str]] = defaultdict(list)
    parents: dict[str, list[str]] = defaultdict(list)
    codes: dict[str, list[str]] = defaultdict(list)
    for subject, label, predicate, object_id, object_label in _rows(path, bad):
        names.setdefault(subject, label)
        if predicate == _EXACT:
            if object_label and object_label.casefold() != label.casefold():
                synonyms[subject].append(object_label)
            if object_id.startswith(_ICD10CM) and CODE.fullmatch(code := object_id.removeprefix(_ICD10CM)):
                codes[subject].append(code)
        elif object_label and predicate in (_BROAD, _NARROW):
            # An object is known under the source that maps it: its own source may tell more about it.
            other = f"{object_id}@{source}"
            names.setdefault(other, object_label)
            narrow, broad = (subject, other) if predicate == _BROAD else (other, subject)
            parents[narrow].append(broad)
    return [
        Concept(
            identifier,
            name,
            source,
            synonyms=tuple(dict.fromkeys(synonyms[identifier])),
            parents=tuple(dict.fromkeys(parents[identifier])),
            icd10cm=tuple(dict.fromkeys(codes[identifier])),
        )
        for identifier, name in names.items()
    ]


def _rows(path: Path, bad: BadLines) -> Iterator[list[str]]:
    """The five columns of every line; comments and the header are left out."""
    header: list[str] = []
    for number, line in numbered_lines(path, bad):
        if line.startswith("#") or not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if not header:
            absent = [name for name in COLUMNS if name not in cells]
            if absent:
                raise unreadable(path, number, f"the header lacks the column {absent[0]}")
            header = cells
        elif len(cells) != len(header):
            bad.report(path, number, f"{len(cells)} cells where the header has {len(header)}")
        else:
            row = [cells[header.index(name)] for name in COLUMNS]
            if not all(row[:4]):
                bad.report(path, number, "subject_id, subject_label, predicate_id or object_id is empty")
            else:
                yield row
