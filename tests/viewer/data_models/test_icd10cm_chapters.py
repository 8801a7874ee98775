"""The chapters of ICD-10-CM against the engine's table of the whole list."""

from __future__ import annotations

import pytest

from napari_raddiag.data_models.icd10cm_chapters import CHAPTERS, chapter_of, chapters_of
from raddiag_engine.icd10cm import icd10cm


def test_titles_and_ranges_are_those_of_the_list() -> None:
    table = icd10cm()
    listed = dict.fromkeys(table.chapter_of(code) for code in table.categories())
    assert [(chapter.codes, chapter.title) for chapter in CHAPTERS] == [(e.code, e.description) for e in listed]
    assert [chapter.number for chapter in CHAPTERS] == list(range(1, 23))


def test_every_category_is_in_the_chapter_that_the_list_puts_it_in() -> None:
    table = icd10cm()
    found = {code: chapter_of(code) for code in table.categories()}
    assert len(found) > 1_900
    wrong = [code for code, chapter in found.items() if chapter is None or chapter.codes != table.chapter_of(code).code]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "number"),
    [("D32", 2), ("D49.9", 2), ("D50", 3), ("C7A.8", 2), ("O9A.1", 15), ("T88.9", 19), ("u07.1", 22)],
)
def test_code_at_the_edge_of_a_chapter(code: str, number: int) -> None:
    chapter = chapter_of(code)
    assert chapter is not None
    assert chapter.number == number


@pytest.mark.parametrize("code", ["", "D", "D9", "D90", "123", "T99"])
def test_what_is_no_code_has_no_chapter(code: str) -> None:
    assert chapter_of(code) is None


def test_chapters_of_several_codes_are_named_once() -> None:
    assert [chapter.number for chapter in chapters_of(("M71.20", "D16.20", "M85.40"))] == [13, 2]
