"""Figures by data set: own label space, own negatives, same anatomy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy
from raddiag_train.data.labels import label_space
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.evaluation.source_results import source_results


def record(number: int, source: str, anatomy: Anatomy, *disorders: str) -> CaseRecord:
    return CaseRecord(f"{number}", "", anatomy, "train", (ScanRecord(Path("x.png")),), disorders, source=source)


def test_accuracy_chooses_among_the_disorders_of_the_data_set_only() -> None:
    records = [
        record(0, "brain", Anatomy.HEAD_AND_NECK, "Glioma"),
        record(1, "brain", Anatomy.HEAD_AND_NECK, "Normal"),
        record(2, "chest", Anatomy.CHEST, "Pneumonia"),
        record(3, "chest", Anatomy.CHEST, "Normal"),
    ]
    labels = label_space(records)
    scores = np.zeros((4, 3))
    column = labels.indices
    scores[0, [column["Glioma"], column["Pneumonia"]]] = 0.6, 0.9  # Pneumonia is not a choice in "brain"
    scores[1, column["Normal"]] = 0.7
    scores[2, column["Normal"]] = 0.8  # wrong
    scores[3, column["Normal"]] = 0.9
    brain, chest = source_results(records, scores, labels, resamples=50)
    assert (brain.source, brain.accuracy) == ("brain", 1.0)
    assert (chest.source, chest.accuracy) == ("chest", 0.5)
    assert {disorder.name for disorder in brain.disorders} == {"Glioma", "Normal"}
    assert brain.macro_auc == 1.0


def test_cases_of_several_disorders_have_no_accuracy() -> None:
    records = [record(0, "", Anatomy.CHEST, "A", "B"), record(1, "", Anatomy.CHEST, "Normal")]
    [result] = source_results(records, np.eye(2, 3), label_space(records), resamples=0)
    assert result.accuracy is None
    assert result.accuracy_interval is None


def test_negatives_of_another_anatomy_can_be_left_out() -> None:
    records = [
        record(0, "p", Anatomy.CHEST, "Nodule"),
        record(1, "p", Anatomy.CHEST, "Normal"),
        record(2, "p", Anatomy.HEAD_AND_NECK, "Normal"),
        record(3, "p", Anatomy.HEAD_AND_NECK, "Normal"),
    ]
    labels = label_space(records)
    scores = np.zeros((4, 2))
    scores[:, labels.indices["Nodule"]] = [0.5, 0.8, 0.1, 0.1]  # easy against heads, wrong among chests
    [result] = source_results(records, scores, labels, resamples=0)
    nodule = next(disorder for disorder in result.disorders if disorder.name == "Nodule")
    assert nodule.auc == pytest.approx(2 / 3)
    assert nodule.auc_same_anatomy == 0.0
    assert nodule.positives == 1
