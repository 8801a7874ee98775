"""Small made-up knowledge sources in the layouts of the real ones, none of whose content is here."""

from __future__ import annotations

import json
from pathlib import Path

OBO = """format-version: 1.2
ontology: made-up

[Term]
id: DOID:1
name: airway ache
def: "An ache of the \\"airway\\", made up\\nfor a test." [url:http\\://example.org]
synonym: "ache of airway" EXACT []
synonym: "sore pipes" EXACT [MADE:up]
synonym: "chest trouble" BROAD []
xref: ICD10CM:J98.8
xref: MESH:D000000
is_a: DOID:9 ! lung trouble
disjoint_from: DOID:3

[Term]
id: DOID:9
name: lung trouble

[Term]
id: DOID:2
name: airway itch
def: "An itch of the airway." []
is_a: DOID:9 ! lung trouble

[Term]
id: DOID:3
name: heart itch
def: "An itch of the heart." []

[Term]
id: DOID:8
name: obsolete cough
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""

SSSOM = """#curie_map:
#  MONDO: http://example.org/
subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification
MONDO:1\tbent bone\tskos:exactMatch\tDOID:77\tbowed bone\tsemapv:Manual
MONDO:1\tbent bone\tskos:exactMatch\tICD10CM:M95.9\t\tsemapv:Manual
MONDO:1\tbent bone\tskos:broadMatch\tNCIT:5\tbone trouble\tsemapv:Manual
MONDO:1\tbent bone\tskos:closeMatch\tMESH:6\tbone bender\tsemapv:Manual
MONDO:2\tvery bent bone\tskos:narrowMatch\tOMIM:7\tbent bone type 7\tsemapv:Manual
"""


def mrconso(*atoms: tuple[str, str, str, str, str, str, str]) -> str:
    """Lines of MRCONSO.RRF from concept, language, atom, source, code, name, suppress; the first is preferred."""
    lines = []
    for n, (concept, language, atom, source, code, name, suppress) in enumerate(atoms):
        first = n == 0 or atoms[n - 1][0] != concept
        fields = [
            concept,
            language,
            "P" if first else "S",
            f"L{n}",
            "PF" if first else "VO",
            f"S{n}",
            "Y" if first else "N",
        ]
        fields += [atom, "", "", "", source, "PT", code, name, "0", suppress, ""]
        lines.append("|".join(fields) + "|")
    return "\n".join(lines) + "\n"


MRCONSO = mrconso(
    ("C0000001", "ENG", "A1", "SNOMEDCT_US", "11", "Wobbly knee", "N"),
    ("C0000001", "ENG", "A2", "ICD10CM", "M25.36", "Unsteady knee", "N"),
    ("C0000001", "ENG", "A3", "MTH", "NOCODE", "Old wobbly knee", "O"),
    ("C0000001", "GER", "A4", "MSHGER", "D1", "Wackelknie", "N"),
    ("C0000002", "ENG", "A5", "MSH", "D2", "Carpentry", "N"),
)
MRDEF = (
    "C0000001|A1|AT1||MSH|A knee that wobbles.|N||\n"
    "C0000001|A4|AT2||MSHGER|Ein Knie, das wackelt.|N||\n"
    "C0000002|A5|AT3||MSH|Work with wood.|N||\n"
)

ARTICLES = [
    {
        "title": "Pneumothorax",
        "synonyms": ["Air around the lung"],
        "url": "https://example.org/1",
        "sections": {
            "Definition": "Gas in the pleural space.",
            "Radiographic features": "Absent lung markings beyond a visible pleural line.",
            "Clinical presentation": "Sudden chest pain.",
            "History and etymology": "Not about the disorder.",
        },
    },
    {"title": "Made-up sign", "definition": "A sign.", "sections": [{"heading": "Treatment", "text": "None."}]},
]


def write_sources(folder: Path) -> dict[str, Path]:
    """All of them, by the name of the command line option that takes them."""
    texts = {
        "--obo": ("made_up.obo", OBO),
        "--sssom": ("made_up.sssom.tsv", SSSOM),
        "--umls": ("MRCONSO.RRF", MRCONSO),
        "--umls-definitions": ("MRDEF.RRF", MRDEF),
        "--radiopaedia": ("articles.json", json.dumps(ARTICLES, indent=1)),
    }
    paths = {}
    for option, (name, text) in texts.items():
        paths[option] = folder / name
        paths[option].write_text(text, encoding="utf-8")
    return paths
