"""The page for users says what the code does: every warning code, format, limit and choice."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from raddiag_engine.cases import WarningCode
from raddiag_engine.commands import deidentify
from raddiag_engine.reading import archive, archive_entries, limits
from raddiag_engine.reading.dicom.volume import MOST_FAILURES_IN_A_ROW
from raddiag_engine.reading.formats import UNREAD_ARCHIVE_MAGIC, FileFormat

PAGE = (Path(__file__).parents[3] / "docs" / "reading.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.split(f"## {title}", 1)[1].split("\n## ", 1)[0]


def test_every_warning_code_has_one_line_in_the_order_of_the_list():
    lines = re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", section("Warnings"), re.MULTILINE)
    assert [code for code, _ in lines] == [code.value for code in WarningCode]
    assert all(len(meaning) > 15 for _, meaning in lines)
    assert len({meaning for _, meaning in lines}) == len(lines)


def test_every_format_has_a_line():
    named = [
        name
        for cell in re.findall(r"^\| ([\w, ]+) \| ", section("Formats and containers"), re.MULTILINE)
        for name in cell.split(", ")
    ]
    assert sorted(named) == sorted(["format", *(file_format.value for file_format in FileFormat)])


@pytest.mark.parametrize(
    "text",
    [
        f"{limits.MAX_SLICE_PIXELS // 10**6} million pixels in a slice",
        f"{limits.MAX_SLICES:,} frames",
        f"{limits.MAX_SCAN_BYTES // limits.GIB} GiB in a scan",
        f"{archive_entries.MAX_ENTRIES:,} entries",
        f"{archive.MAX_UNPACKED_BYTES // limits.GIB} GiB or a quarter of the memory",
        f"{archive.FREE_BYTES // 2**20} MiB if that is {archive.MAX_RATIO} times",
        f"After {MOST_FAILURES_IN_A_ROW} damaged frames one after another",
        *(f"{name}" for name in UNREAD_ARCHIVE_MAGIC.values()),
    ],
)
def test_limits_are_those_of_the_code(text):
    assert text in section("Refused: a line, no scan")
    assert archive.SHARE_OF_MEMORY == 0.25


def test_the_choices_of_deidentify_are_those_of_the_command():
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    deidentify.add_parser(subparsers)
    options = set(re.findall(r"--[a-z-]+", subparsers.choices["deidentify"].format_help())) - {"--help"}
    assert set(re.findall(r"--[a-z-]+", section("De-identified copies"))) == options
