"""Sheets in the hands of people: what does no harm, and what is a fault with its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.collection.spreadsheet import Sheet

COLUMNS = ("id", "title", "answer")
KNOWN = {"a1": "Gout", "a2": "=1+1", "a3": "Haematoma, subdural"}
WANTED = {key: {"id": key, "title": title} for key, title in KNOWN.items()}


def sheet(tmp_path: Path) -> Sheet:
    return Sheet(tmp_path / "sheet.csv", COLUMNS, "title")


def test_a_new_sheet_has_every_row_open_and_no_formula(tmp_path: Path) -> None:
    rows = sheet(tmp_path).fill_up(WANTED, KNOWN)
    assert [row.cells["answer"] for row in rows.values()] == [""] * 3
    with (tmp_path / "sheet.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for line in csv.reader(stream) for cell in line]
    assert "'=1+1" in cells
    assert not any(cell.startswith("=") for cell in cells)
    assert sheet(tmp_path).path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "text",
    [
        "title;answer;id\nGout;yes;a1\n'=1+1;;a2\nHaematoma, subdural;no;a3\n",
        "id\ttitle\tanswer\tmine\r\na3\tHaematoma, subdural\tno\t\r\n\r\na1\tgout\tyes\tx\r\na2\t=1+1\t\t\r\n",
        '\ufeffid,title,answer\na3,"Haematoma,  subdural",no\na1,Gout,yes\na2,=1+1\n',
    ],
)
def test_sorted_rows_moved_columns_and_other_delimiters_do_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "sheet.csv").write_text(text, encoding="utf-8")
    rows = sheet(tmp_path).fill_up(WANTED, KNOWN)
    assert {key: row.cells["answer"] for key, row in rows.items()} == {"a1": "yes", "a2": "", "a3": "no"}


def test_lost_rows_come_back_open_and_nothing_else_changes(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("id;title;answer;mine\na1;Gout;yes;keep me\n")
    rows = sheet(tmp_path).fill_up(WANTED, KNOWN)
    assert [row.cells["answer"] for row in rows.values()] == ["yes", "", ""]
    assert rows["a1"].cells["mine"] == "keep me"


def test_rows_no_longer_wanted_stay(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("id,title,answer\na1,Gout,yes\n")
    sheet(tmp_path).fill_up({"a2": WANTED["a2"]}, KNOWN)
    assert "Gout" in (tmp_path / "sheet.csv").read_text()


@pytest.mark.parametrize(
    ("content", "line", "fault"),
    [
        (b"", 1, "empty"),
        (b"id,title\na1,Gout\n", 1, "'answer' is missing"),
        (b"id,title,answer,answer\n", 1, "'answer' is there twice"),
        (b"id,title,answer\na1,Gout,yes\na1,Gout,no\n", 3, "twice, first in .*:2"),
        (b"id,title,answer\na1,Gout,yes\na9,Gout,no\n", 3, "no row has the id 'a9'"),
        (b"id,title,answer\na1,'=1+1,yes\na2,Gout,no\n", 2, "column was sorted"),
        (b"id,title,answer\na1,Gout,yes,,\n", 2, "5 cells"),
        (b"id,title,answer\na1,Gout,yes\na2,\xe9,no\n", 3, "CSV UTF-8"),
        (b'id,title,answer\na1,Gout,yes\na2,"=1+1,no\n', 3, "cannot be read as CSV"),
        (b"PK\x03\x04\x00\x00", 1, "no CSV file"),
    ],
)
def test_a_spoilt_sheet_names_its_line_and_is_left_alone(tmp_path: Path, content: bytes, line: int, fault: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"sheet\.csv:{line}: .*{fault}"):
        sheet(tmp_path).fill_up(WANTED, KNOWN)
    assert path.read_bytes() == content
