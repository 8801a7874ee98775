"""ICD-10-CM as it ships. Expected values are those of the official tabular list of April 2026."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import UnknownCode, icd10cm
from raddiag_engine.icd10cm.code import CODE
from raddiag_engine.icd10cm.columns import read_columns
from raddiag_resources import path_of

# Counts of simple_icd_10_cm 1.5.0, with its 39 blocks of one category told apart from their categories.
CATEGORIES, CODES, BILLABLE_CODES, BLOCKS, CHAPTERS = 1918, 46881, 74719, 297, 22
LARGEST_BYTES = 5_000_000


def test_the_release_is_in_the_file() -> None:
    assert icd10cm().release == "2026-04-01"
    assert "public domain" in icd10cm().source


def test_every_code_is_there() -> None:
    table = icd10cm()
    assert len(table.categories()) == CATEGORIES
    assert len(table.codes()) == CODES
    billable = set(table.billable_codes())
    assert len(billable) == BILLABLE_CODES
    assert all(table[code].billable for code in billable)
    assert all(CODE.fullmatch(code) for code in (*table.codes(), *billable))


def test_every_place_hangs_in_the_tree() -> None:
    table = icd10cm()
    chapters = {table.chapter_of(code).code for code in table.categories()}
    assert len(chapters) == CHAPTERS
    blocks = [code for chapter in chapters for code in table.descendants(chapter) if "-" in code]
    assert len(set(blocks)) == len(blocks) == BLOCKS
    below = [code for chapter in chapters for code in table.descendants(chapter) if "-" not in code]
    assert sorted(below) == sorted(table.codes())
    for code in table.codes()[::97]:
        parent = table.parent(code)
        assert parent is not None
        assert code in table.children(parent)
        assert table.roll_up(code) == code[:3]


def test_an_entry_has_its_notes() -> None:
    entry = icd10cm()["J93"]
    assert (entry.kind, entry.description, entry.billable) == ("category", "Pneumothorax and air leak", False)
    assert entry.excludes1[0] == "congenital or perinatal pneumothorax (P25.1)"
    assert len(entry.excludes1) == 6
    persistent = icd10cm()["J93.82"]
    assert persistent.inclusion_terms == ("Persistent air leak",)
    assert persistent.names == ("Other air leak", "Persistent air leak")
    assert persistent.billable
    assert icd10cm()["C30-C39"].includes == ("malignant neoplasm of middle ear",)
    assert icd10cm()["C15-C26"].excludes2 == ("gastrointestinal stromal tumors (C49.A-)",)


@pytest.mark.parametrize("written", ["S72.001A", "s72001a", " S72.001a "])
def test_a_seventh_character_is_understood(written: str) -> None:
    entry = icd10cm()[written]
    assert entry.code == "S72.001A"
    assert entry.billable
    assert entry.description == (
        "Fracture of unspecified part of neck of right femur, initial encounter for closed fracture"
    )
    assert icd10cm().parent(written) == "S72.001"
    assert icd10cm().without_seventh_character(written) == "S72.001"
    assert "S72.001A" in icd10cm().children("S72.001")


def test_placeholders_are_filled() -> None:
    assert icd10cm()["T07.XXXA"].description == "Unspecified multiple injuries, initial encounter"
    assert "T36.0X1D" in icd10cm()  # its stem T36.0X1 holds a placeholder of its own
    assert icd10cm().roll_up("T07.XXXA") == "T07"


def test_ancestors_go_up_through_wide_and_narrow_blocks() -> None:
    assert icd10cm().ancestors("J93.11") == ("J93.1", "J93", "J90-J94", "J00-J99")
    assert icd10cm().ancestors("C34.1") == ("C34", "C30-C39", "C00-C75", "C00-C96", "C00-D49")
    assert icd10cm().ancestors("C7A.0") == ("C7A", "C7A-C7A", "C00-C96", "C00-D49")
    assert icd10cm().ancestors("J00-J99") == ()
    assert icd10cm().parent("J00-J99") is None


@pytest.mark.parametrize(
    ("code", "chapter", "block"),
    [("J12.0", "J00-J99", "J09-J18"), ("D49.6", "C00-D49", "D49-D49"), ("U07.1", "U00-U85", "U00-U49")],
)
def test_chapter_and_block(code: str, chapter: str, block: str) -> None:
    assert icd10cm().chapter_of(code).code == chapter
    assert icd10cm().block_of(code).code == block


def test_roll_up_to_the_first_level() -> None:
    assert icd10cm().roll_up("J12.0") == icd10cm().roll_up("J12") == "J12"


@pytest.mark.parametrize(
    ("code", "nearest"), [("J12.7", "J12"), ("S72.001Z", "S72.001"), ("S72.XXXA", "S72"), ("ZZZ", "")]
)
def test_an_unknown_code_is_refused_with_the_nearest(code: str, nearest: str) -> None:
    assert code not in icd10cm()
    with pytest.raises(UnknownCode) as refusal:
        icd10cm()[code]
    assert code in str(refusal.value)
    assert str(refusal.value).endswith(f"the nearest is {nearest}" if nearest else "2026-04-01")


def test_a_range_has_no_first_level() -> None:
    with pytest.raises(UnknownCode):
        icd10cm().roll_up("J00-J99")


def test_the_file_is_small() -> None:
    assert path_of("icd10cm.tsv.gz").stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize("damage", ["cut", "changed", "column", "empty", "absent"])
def test_a_damaged_table_is_refused(tmp_path: Path, damage: str) -> None:
    whole = path_of("icd10cm.tsv.gz").read_bytes()
    header = json.dumps({"release": "x", "source": "y", "rows": 2, "seventh_characters": []})
    content = {
        "cut": whole[:1000],
        "changed": whole[:1000] + bytes(100) + whole[1100:],
        "column": gzip.compress(f"{header}\nA00 A01\n2\na\nb".encode()),
        "empty": b"",
    }
    if damage != "absent":
        (tmp_path / "table.gz").write_bytes(content[damage])
    with pytest.raises(ConfigError, match=r"table\.gz: cannot be read"):
        read_columns(tmp_path / "table.gz")
