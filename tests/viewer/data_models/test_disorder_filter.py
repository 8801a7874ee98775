"""Positives stay in sight whatever is filtered, but for a text, and then it is said."""

from __future__ import annotations

from dataclasses import replace

from napari_raddiag.data_models.disorder_filter import DisorderFilter, chapters_in
from tests.viewer.data_models.made_up import CYST, FRACTURE, GLIOMA, TUMOUR, many_disorders


def names(rule: DisorderFilter, count: int = 100) -> list[str]:
    return [score.name for score in rule.apply(many_disorders(count)).scores]


def test_top_counts_positives() -> None:
    assert len(names(DisorderFilter())) == 20
    assert names(DisorderFilter(top=3)) == ["Tibial fracture", "Baker cyst", "Disorder 3"]
    assert len(names(DisorderFilter(top=None))) == 100


def test_more_positives_than_the_top_are_all_shown() -> None:
    scores = tuple(replace(FRACTURE, name=str(number)) for number in range(30))
    assert len(DisorderFilter(top=20).apply((*scores, TUMOUR)).scores) == 30


def test_chapter_never_hides_a_positive() -> None:
    shown = DisorderFilter(chapter=9, top=4).apply(many_disorders(100))
    assert [score.name for score in shown.scores] == ["Tibial fracture", "Baker cyst", "Disorder 4", "Disorder 6"]
    assert shown.hidden_positives == 0


def test_text_finds_any_rank_by_name_or_code_and_counts_the_positives_it_hides() -> None:
    shown = DisorderFilter(text="disorder 99").apply(many_disorders(100))
    assert [score.name for score in shown.scores] == ["Disorder 99"]
    assert shown.hidden_positives == 2
    assert [s.name for s in DisorderFilter(text="m71 CYST").apply((FRACTURE, CYST)).scores] == ["Baker cyst"]


def test_blank_text_hides_nothing() -> None:
    assert DisorderFilter(text="   ").apply((FRACTURE, GLIOMA)).hidden_positives == 0


def test_chapters_come_in_the_order_of_the_classification() -> None:
    assert [chapter.number for chapter in chapters_in((FRACTURE, CYST, TUMOUR, GLIOMA))] == [2, 13, 19]
