"""From disorders to categories: names, members, tiers, thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy
from raddiag_engine.models.card import Disorder
from raddiag_train.data.label_level import is_category_level
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.evaluation.evaluate import cases_to_judge
from raddiag_train.evaluation.icd10cm_level import category_level, with_thresholds
from raddiag_train.evaluation.training_cases import learned_cases
from tests.engine.diagnosis.tiny_model import tiny_card

BRAIN, MENINGES = "Malignant neoplasm of brain", "Benign neoplasm of meninges"
DISORDERS = (
    Disorder("Meningioma", ("D32.9",), training_positives=20),
    Disorder("Normal", normal=True, training_positives=90),
    Disorder("Glioma", ("C71.9",), training_positives=70),
    Disorder("Ependymoma", ("C71.5", "D32.0"), training_positives=40),
    Disorder("Uncoded", training_positives=5),
)


def record(disorder: str, *codes: str) -> CaseRecord:
    scans = (ScanRecord(Path("scan.png")),)
    return CaseRecord(disorder, "", Anatomy.HEAD_AND_NECK, "validation", scans, (disorder,), codes)


def test_members_tiers_and_order() -> None:
    level = category_level(DISORDERS)
    found = {
        c.name: (c.icd10cm, c.training_positives, c.tier, own)
        for c, own in zip(level.categories, level.members, strict=True)
    }
    assert found == {
        BRAIN: (("C71",), 110, "head", (2, 3)),
        "Normal": ((), 90, "medium", (1,)),
        MENINGES: (("D32",), 60, "medium", (0, 3)),
    }
    assert [c.name for c in level.categories] == [BRAIN, "Normal", MENINGES]


def test_the_probability_is_the_largest_of_the_members() -> None:
    level = category_level(DISORDERS)
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4, 0.9], [0.8, 0.2, 0.7, 0.4, 0.0]])
    assert level.probabilities(probabilities).tolist() == [[0.4, 0.2, 0.4], [0.7, 0.2, 0.8]]


def test_a_case_counts_by_its_own_codes_or_else_by_those_of_the_card() -> None:
    records = category_level(DISORDERS).records([record("Ependymoma", "C71.5"), record("Ependymoma"), record("Normal")])
    assert [r.disorders for r in records] == [(BRAIN,), (BRAIN, MENINGES), ("Normal",)]


def test_a_training_case_with_two_disorders_of_a_category_counts_once() -> None:
    disorders = (
        Disorder("Glioma", ("C71.9",), training_positives=60),
        Disorder("Ependymoma", ("C71.5",), training_positives=60),
        Disorder("Normal", normal=True, training_positives=1),
    )
    both = replace(record("Glioma"), split="train", disorders=("Glioma", "Ependymoma"))
    cases = [both] * 60 + [replace(record("Normal"), split="train")]
    card = replace(tiny_card(disorders=disorders), excluded_disorders=("Meningioma",))
    left_out = replace(record("Meningioma"), split="train")
    assert learned_cases(card, [*cases, left_out, record("Glioma")]) == cases
    assert learned_cases(card, cases[1:]) == []
    level = category_level(disorders, cases)
    assert [(c.name, c.training_positives, c.tier) for c in level.categories] == [
        (BRAIN, 60, "medium"),
        ("Normal", 1, "tail"),
    ]
    assert not level.counts_disorders
    without = category_level(disorders)
    assert (without.categories[0].training_positives, without.counts_disorders) == (120, True)


def test_thresholds_are_fitted_on_the_pooled_probabilities() -> None:
    level = category_level(DISORDERS)
    records = [
        record("Glioma", "C71.9"),
        record("Ependymoma", "C71.5"),
        record("Normal"),
        record("Meningioma", "D32.9"),
    ]
    probabilities = np.array(
        [[0.0, 0.1, 0.8, 0.0, 0.0], [0.1, 0.0, 0.1, 0.6, 0.0], [0.2, 0.9, 0.1, 0.2, 0.0], [0.7, 0.1, 0.3, 0.4, 0.0]]
    )
    point = with_thresholds(level, records, probabilities, "validation").categories[0].operating_point
    assert point is not None
    # Brain: 0.8 and 0.6 with, 0.2 and 0.4 without.
    assert (point.threshold, point.sensitivity, point.specificity) == (pytest.approx(0.5), 1.0, 1.0)


def test_a_label_space_of_categories_is_recognised() -> None:
    categories = (Disorder(BRAIN, ("C71",)), Disorder("Normal", normal=True))
    assert is_category_level(categories)
    assert not is_category_level(DISORDERS)
    assert not is_category_level((*categories, Disorder("Glioma", ("C71",))))


def test_tiers_of_a_card_without_numbers_are_the_best_of_the_members() -> None:
    level = category_level((Disorder("Glioma", ("C71.9",), "tail"), Disorder("Ependymoma", ("C71.5",), "medium")))
    assert [(c.tier, c.training_positives) for c in level.categories] == [("medium", None)]


def test_a_model_of_categories_leaves_out_a_disorder_not_the_category_of_its_name() -> None:
    appendicitis = "Acute appendicitis"
    card = replace(
        tiny_card(disorders=(Disorder(appendicitis, ("K35",)), Disorder("Normal", normal=True))),
        excluded_disorders=(appendicitis,),
    )
    left_out, ruptured = record(appendicitis, "K35.80"), record("Ruptured appendix", "K35.32")
    judged = cases_to_judge([left_out, ruptured, record("Normal")], card)
    assert [one.disorders for one in judged] == [(appendicitis,), ("Normal",)]
    assert judged[0].icd10cm == ("K35",)
    assert cases_to_judge([ruptured], tiny_card()) == [ruptured]
