"""Build raddiag_resources/icd10cm_names.tsv.gz from the ICD-10-CM tabular list.

    pip install simple_icd_10_cm
    python resources/build_icd10cm_names.py

One line a category or subcategory: code, description, then inclusion terms and "includes" notes, tab-separated.
Codes with a seventh character say the encounter and not the disorder, and are left out. The classification is in the
public domain (US National Center for Health Statistics); the package that carries it is needed here only, never at run
time.
"""

from __future__ import annotations

import gzip
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import simple_icd_10_cm as icd

OUTPUT = Path(__file__).parent / "raddiag_resources" / "icd10cm_names.tsv.gz"


def release() -> str:
    """The release date, which the package keeps only in the name of its tabular list."""
    (tabular,) = [f.name for f in files("simple_icd_10_cm.data").iterdir() if f.name.endswith(".xml")]
    return tabular.removeprefix("icd10c-tabular-").removesuffix(".xml")


def rows() -> list[str]:
    """Code, description and further names of every category and subcategory, in the order of the list."""
    lines = []
    for code in icd.get_all_codes(True):
        if icd.is_chapter_or_block(code) or icd.is_extended_subcategory(code):
            continue
        names = [icd.get_description(code), *icd.get_inclusion_term(code), *icd.get_includes(code)]
        lines.append("\t".join([code, *dict.fromkeys(" ".join(name.split()) for name in names)]))
    return lines


def main() -> None:
    """Write the table; the same release gives the same bytes."""
    lines = rows()
    header = [
        f"# ICD-10-CM tabular list, release of {release()}; {len(lines)} codes; public domain (US NCHS)",
        f"# built by resources/build_icd10cm_names.py from simple_icd_10_cm {version('simple_icd_10_cm')} (PyPI)",
    ]
    content = gzip.compress("\n".join([*header, *lines, ""]).encode(), compresslevel=9, mtime=0)
    unfinished = OUTPUT.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(OUTPUT)
    print(f"{OUTPUT}: {len(lines)} codes, {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
