"""What the table of disorders says of a score."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.modeltest import ModelTester
from qtpy.QtCore import Qt

from napari_raddiag.data_models.disorder_table import SCORE_ROLE, Column, DisorderTable
from napari_raddiag.data_models.score_text import score_tooltip
from tests.viewer.data_models.made_up import CYST, FRACTURE, GLIOMA, TUMOUR


@pytest.fixture
def table() -> DisorderTable:
    table = DisorderTable()
    table.set_scores((FRACTURE, CYST, TUMOUR, GLIOMA))
    return table


def test_it_is_a_sound_qt_model(table: DisorderTable, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(table)


def row(table: DisorderTable, number: int) -> list[str]:
    return [table.index(number, column).data() for column in Column]


def test_rows(table: DisorderTable) -> None:
    assert row(table, 0) == ["Tibial fracture", "S82.209A", "0.97", "positive", "head"]
    assert row(table, 2) == ["Osteochondroma", "D16.20*", "~0.10", "negative", "medium"]


def test_not_assessed_shows_no_number(table: DisorderTable) -> None:
    assert row(table, 3) == ["Glioma", "C71.9", "–", "not assessed", "head"]
    spoken = table.index(3, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Glioma, not assessed"
    assert "0.095" not in score_tooltip(GLIOMA)
    assert "does not mean it is absent" in score_tooltip(GLIOMA)


def test_every_cell_gives_its_score(table: DisorderTable) -> None:
    assert all(table.index(1, column).data(SCORE_ROLE) is CYST for column in Column)


def test_tooltip_gives_the_operating_point_and_the_chapter() -> None:
    text = score_tooltip(FRACTURE)
    assert "sensitivity 0.97, specificity 1.00, fitted on 35 positive cases" in text
    assert "Chapter 19, S00-T88 Injury, poisoning" in text
    assert "calibrated probability" in text
    assert "Unreliable" not in text


def test_tooltip_says_unreliable_and_not_a_probability() -> None:
    text = score_tooltip(TUMOUR)
    assert "Unreliable: fewer than 10" in text
    assert "a score, not a probability" in text
    assert "found by name" in text


def test_tooltip_of_a_threshold_that_was_never_fitted() -> None:
    unfitted = replace(FRACTURE, sensitivity=None, specificity=None, positives=None, reliable=False)
    assert "not fitted: sensitivity and specificity are not known" in score_tooltip(unfitted)


def test_names_are_escaped_in_the_tooltip() -> None:
    assert "<img" not in score_tooltip(replace(FRACTURE, name="<img src=x>"))
