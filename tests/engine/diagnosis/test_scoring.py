"""Probabilities, ranking and counts, against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.diagnosis.scoring import expected_false_alarms, probabilities, score_disorders, with_contributions
from raddiag_engine.diagnosis.state import ScanContent
from tests.engine.diagnosis.tiny_model import DISORDERS, point, tiny_card

MRI = ScanContent(Modality.MRI, "stated", Anatomy.HEAD_AND_NECK, "stated")
XRAY = ScanContent(Modality.XRAY, "stated", Anatomy.CHEST, "stated")
LOGITS = st.lists(st.floats(-60, 60), min_size=6, max_size=6).map(np.array)


def test_probability_is_the_sigmoid_or_platt_scaled() -> None:
    logits_K = np.array([0.0, math.log(3), -800.0, 800.0, 1.0, 0.0])
    expected = [0.5, 0.75, 0.0, 1.0, 1 / (1 + math.exp(-(2.0 * 1.0 - 1.0))), 0.5]
    assert probabilities(tiny_card(), logits_K) == pytest.approx(expected, abs=1e-15)


def test_a_probability_at_the_threshold_is_positive() -> None:
    scores = score_disorders(tiny_card(), np.array([0.0, -1.0, -9.0, -9.0, -9.0, -9.0]), [MRI])
    assert [(s.name, s.state) for s in scores.disorders[:2]] == [("Glioma", "positive"), ("Meningioma", "negative")]


@given(LOGITS, st.integers(0, 10), st.sets(st.sampled_from([MRI, XRAY])))
def test_positives_come_first_then_probability_whatever_top_is(
    logits_K: np.ndarray, top: int, trusted: set[ScanContent]
) -> None:
    scores = score_disorders(tiny_card(), logits_K, sorted(trusted, key=str))
    positives = [score.state == "positive" for score in scores.disorders]
    assert positives == sorted(positives, reverse=True)
    for group in (True, False):
        ranked = [s.probability for s in scores.disorders if (s.state == "positive") is group]
        assert ranked == sorted(ranked, reverse=True)
    shown = scores.shown(top)
    assert shown == list(scores.disorders[: len(shown)])
    assert len(shown) == min(5, max(top, sum(positives)))
    assert [score.rank for score in scores.disorders] == [1, 2, 3, 4, 5]


@given(LOGITS)
def test_without_a_trusted_scan_nothing_is_assessed(logits_K: np.ndarray) -> None:
    scores = score_disorders(tiny_card(), logits_K, [])
    assert {score.state for score in scores.disorders} == {"not assessed"}
    assert scores.normal is not None
    assert scores.normal.state == "not assessed"


def test_a_disorder_that_no_scan_can_show_is_not_assessed_however_sure_the_network_is() -> None:
    scores = score_disorders(tiny_card(), np.full(6, 50.0), [XRAY])
    state = {score.name: score.state for score in scores.disorders}
    assert state["Glioma"] == state["Intracranial haemorrhage"] == "not assessed"
    assert state["Pneumonia"] == state["Cardiomegaly"] == "positive"


def test_normal_stands_apart_without_a_rank_or_a_code() -> None:
    scores = score_disorders(tiny_card(), np.zeros(6), [MRI])
    assert "Normal" not in {score.name for score in scores.disorders}
    assert scores.normal is not None
    assert (scores.normal.rank, scores.normal.icd10cm, scores.normal.state) == (0, (), "positive")


def test_a_disorder_without_an_operating_point_gets_the_threshold_of_one_half() -> None:
    scores = score_disorders(tiny_card(), np.zeros(6), [XRAY])
    score = next(s for s in scores.disorders if s.name == "Cardiomegaly")
    assert (score.threshold, score.sensitivity, score.specificity, score.positives, score.reliable) == (
        0.5,
        None,
        None,
        None,
        False,
    )


def test_a_threshold_fitted_on_few_positives_is_unreliable() -> None:
    disorders = (replace(DISORDERS[0], operating_point=point(0.5, positives=9)), *DISORDERS[1:])
    scores = {s.name: s for s in score_disorders(tiny_card(disorders=disorders), np.zeros(6), [MRI]).disorders}
    assert not scores["Glioma"].reliable
    assert scores["Meningioma"].reliable


def test_expected_false_alarms_add_up_the_missing_specificity() -> None:
    scores = score_disorders(tiny_card(), np.full(6, -9.0), [XRAY])
    # Pneumonia has a specificity of 0.95, Cardiomegaly no operating point.
    alarms, without_point = expected_false_alarms(scores.in_state("negative"))
    assert alarms == pytest.approx(0.05)
    assert without_point == 1


def test_contributions_belong_to_the_right_scan_and_class() -> None:
    card = tiny_card()
    logits_RK = np.zeros((3, 6))
    logits_RK[0] = [1, 2, 3, 4, 5, 6]
    logits_RK[1, 1] = 0.5
    scores = score_disorders(card, logits_RK[0], [MRI])
    named = {s.name: s for s in with_contributions(scores.disorders, card, logits_RK, ["a", "b"])}
    assert named["Meningioma"].contributions == {"a": 1.5, "b": 2.0}
    assert named["Glioma"].contributions == {"a": 1.0, "b": 1.0}
