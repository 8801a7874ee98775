"""Build raddiag_resources/icd10cm.tsv.gz, the whole ICD-10-CM, from the official tabular list.

    pip install simple_icd_10_cm
    python resources/build_icd10cm_table.py

The package (MIT) carries two files of the US National Center for Health Statistics, which are in the public domain: the
tabular list as XML, and the list of the codes that exist. It is needed here only, never at run time, and only its two
files are read.

The first line of the table is a JSON object: release, source, and the sets of seventh characters. The second holds the
code of every chapter, block, category and subcode, in the order of the tree; the third their depths, a digit each:
these two are all that must be split before something can be looked up. Then comes one line a code: its description
and, tab-separated, its notes, each behind a tag: "=" inclusion term, "+" includes, "1" excludes1, "2" excludes2, "?"
note, "7" the number of its set of seventh characters. Codes with a seventh character follow from the set and have no
lines.
"""

from __future__ import annotations

import gzip
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import distribution
from pathlib import Path

PACKAGE = "simple_icd_10_cm"
OUTPUT = Path(__file__).parent / "raddiag_resources" / "icd10cm.tsv.gz"
TAGS = {"inclusionTerm": "=", "includes": "+", "excludes1": "1", "excludes2": "2", "notes": "?"}
Extensions = tuple[tuple[str, str], ...]


class TabularList:
    """The rows of the table, read from the XML.

    Args:
        root: Of the tabular list.
        existing: Codes that exist, without dots; decides which seventh characters a code takes.
    """

    def __init__(self, root: ET.Element, existing: set[str]) -> None:
        self._existing = existing
        self.extension_sets: dict[Extensions, int] = {}
        self.codes: list[str] = []
        self.depths: list[str] = []
        self.rows: list[str] = []
        for chapter in root.findall("chapter"):
            self._add_chapter(chapter)

    def _add_chapter(self, chapter: ET.Element) -> None:
        title, code = _title_and_range(_text(chapter.find("desc")))
        self._add_row(0, code, title, chapter, ())
        open_blocks: list[tuple[str, str]] = []
        earlier: list[tuple[str, str]] = []
        for section in chapter.findall("section"):
            first, last = _range(section.attrib["id"])
            # The XML lists wide blocks (C00-C96) beside the narrow ones in them (C00-C14): nest them by their range.
            while open_blocks and not _holds(open_blocks[-1], (first, last)):
                open_blocks.pop()
            if sum(_holds(block, (first, last)) for block in earlier) != len(open_blocks):
                raise SystemExit(f"block {first}-{last}: the blocks are not in the order of a tree")
            open_blocks.append((first, last))
            earlier.append((first, last))
            depth = len(open_blocks)
            self._add_row(depth, f"{first}-{last}", _title_and_range(_text(section.find("desc")))[0], section, ())
            for category in section.findall("diag"):
                self._add_code(depth + 1, category, ())

    def _add_code(self, depth: int, diag: ET.Element, inherited: Extensions) -> None:
        definition = diag.find("sevenChrDef")
        if definition is not None:
            inherited = tuple((e.attrib["char"], _text(e)) for e in definition.findall("extension"))
        code, below = _text(diag.find("name")), diag.findall("diag")
        stem = code.replace(".", "").ljust(6, "X")
        extensions = () if below else tuple(pair for pair in inherited if stem + pair[0] in self._existing)
        self._add_row(depth, code, _text(diag.find("desc")), diag, extensions)
        for child in below:
            self._add_code(depth + 1, child, inherited)

    def _add_row(self, depth: int, code: str, description: str, element: ET.Element, extensions: Extensions) -> None:
        fields = [description, *dict.fromkeys(_notes(element))]
        if extensions:
            fields.append(f"7{self.extension_sets.setdefault(extensions, len(self.extension_sets))}")
        self.codes.append(code)
        self.depths.append(str(depth))
        self.rows.append("\t".join(fields))


def _notes(element: ET.Element) -> Iterator[str]:
    for child in element:
        if child.tag in TAGS:
            yield from (f"{TAGS[child.tag]}{text}" for note in child if (text := _text(note)))


def _text(element: ET.Element | None) -> str:
    """The text in single spaces, tabs and line breaks included."""
    return " ".join((element.text or "").split()) if element is not None else ""


def _title_and_range(description: str) -> tuple[str, str]:
    """ "Tuberculosis (A15-A19)" as its two parts."""
    match = re.fullmatch(r"(.*?) ?\(([^()]+)\)", description)
    return (match[1], match[2]) if match else (description, "")


def _range(block: str) -> tuple[str, str]:
    """First and last category; a block of one category, such as "B99", is the range B99-B99, unlike its category."""
    first, _, last = block.partition("-")
    return first, last or first


def _holds(wide: tuple[str, str], narrow: tuple[str, str]) -> bool:
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]


def main() -> None:
    """Write the table; the same release gives the same bytes."""
    package = distribution(PACKAGE)
    data = Path(str(package.locate_file(PACKAGE))) / "data"
    (xml,), (codes,) = data.glob("icd10c-tabular-*.xml"), data.glob("code-list-*.txt")
    release = datetime.strptime(xml.stem.removeprefix("icd10c-tabular-"), "%B-%d-%Y").date().isoformat()
    existing = {line.split()[0].replace(".", "") for line in codes.read_text().splitlines() if line.strip()}
    table = TabularList(ET.parse(xml).getroot(), existing)
    header = {
        "title": "ICD-10-CM Tabular List of Diseases and Injuries",
        "release": release,
        "source": "US National Center for Health Statistics (CDC); in the public domain",
        "built_from": f"{PACKAGE} {package.version} (PyPI), by resources/build_icd10cm_table.py",
        "rows": len(table.rows),
        "seventh_characters": [dict(extensions) for extensions in table.extension_sets],
    }
    lines = [json.dumps(header), " ".join(table.codes), "".join(table.depths), *table.rows]
    plain = "\n".join(lines).encode()
    content = gzip.compress(plain, compresslevel=9, mtime=0)
    unfinished = OUTPUT.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(OUTPUT)
    print(f"{OUTPUT}: {release}, {len(table.rows)} rows, {len(plain) / 1e6:.2f} MB, packed {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
