"""Concepts of an ontology in OBO format, such as the Disease Ontology (doid.obo)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from raddiag_engine.icd10cm.code import CODE
from raddiag_train.knowledge.concept import Concept, Description
from raddiag_train.knowledge.sources.lines import BadLines, numbered_lines

# Related, broad and narrow synonyms are not the same thing.
_SAME = "EXACT"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(\w*)')
_TAGS = ("id", "name", "def", "synonym", "is_a", "xref", "is_obsolete", "disjoint_from")
_ICD10CM = "ICD10CM:"


def obo_concepts(path: Path, source: str, bad: BadLines) -> Iterator[Concept]:
    """The terms that are not obsolete.

    Raises:
        ConfigError: The file cannot be read, or a line is at fault and bad lines are not left out.
    """
    start, stanza = 0, ""
    line_of: dict[str, int] = {}
    fields: dict[str, list[str]] = defaultdict(list)
    for number, line in numbered_lines(path, bad):
        if line.startswith("["):
            yield from _concept(fields, stanza, path, start, source, bad, line_of)
            start, stanza = number, line.strip()
            fields = defaultdict(list)
            if not stanza.endswith("]"):
                bad.report(path, number, f"the stanza {stanza!r} is not closed")
        elif stanza == "[Term]" and line.strip() and not line.startswith("!"):
            tag, colon, value = line.partition(":")
            if not colon:
                bad.report(path, number, f"expected TAG: VALUE, found {line[:60]!r}")
            elif tag in ("def", "synonym") and not _QUOTED.match(value.strip()):
                bad.report(path, number, f"the text of {tag} is not in quotes")
            elif tag in _TAGS:
                fields[tag].append(value.strip())
    yield from _concept(fields, stanza, path, start, source, bad, line_of)


def _concept(
    fields: dict[str, list[str]],
    stanza: str,
    path: Path,
    line: int,
    source: str,
    bad: BadLines,
    line_of: dict[str, int],
) -> Iterator[Concept]:
    """The concept of a stanza, if it is a term in use; `line_of` gets its identifier."""
    if stanza != "[Term]" or fields["is_obsolete"] == ["true"]:
        return
    if len(fields["id"]) != 1 or len(fields["name"]) != 1 or not (fields["id"][0] and fields["name"][0]):
        bad.report(path, line, "a term must have one id and one name")
        return
    first = line_of.setdefault(fields["id"][0], line)
    if first != line:
        bad.report(path, line, f"{fields['id'][0]} is there already, in line {first}")
        return
    quoted = [_QUOTED.match(value) for value in fields["synonym"]]
    codes = [value.split()[0].removeprefix(_ICD10CM) for value in fields["xref"] if value.startswith(_ICD10CM)]
    yield Concept(
        fields["id"][0],
        _unescaped(fields["name"][0]),
        source,
        synonyms=tuple(_unescaped(match[1]) for match in quoted if match and match[2] == _SAME),
        descriptions=tuple(Description(_unescaped(_QUOTED.match(text)[1])) for text in fields["def"]),  # type: ignore[index]
        parents=tuple(value.split()[0] for value in fields["is_a"] if value),
        excluded=tuple(value.split()[0] for value in fields["disjoint_from"] if value),
        icd10cm=tuple(code for code in codes if CODE.fullmatch(code)),
    )


def _unescaped(text: str) -> str:
    return " ".join(re.sub(r"\\(.)", lambda match: " " if match[1] in "nWt" else match[1], text).split())
