"""The label space: order, tiers, codes and coverage from the training cases alone."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Coverage
from raddiag_train.data.labels import label_space, tier_of
from tests.train.data.made_up_images import case


@pytest.mark.parametrize(("cases", "tier"), [(100, "head"), (99, "medium"), (30, "medium"), (29, "tail"), (0, "tail")])
def test_tiers_are_those_of_the_paper(cases: int, tier: str) -> None:
    assert tier_of(cases) == tier


def test_disorders_are_ordered_by_training_cases() -> None:
    records = [
        case(1, "Glioma", icd10cm=("C71.9",)),
        case(2, "Glioma", "Abscess", icd10cm=("C71.9", "G06.0")),
        case(3, "Normal"),
        case(4, "Normal", split="validation"),
        case(5, "Normal", split="test"),
        case(6, "Stroke", split="test"),
    ]
    labels = label_space(records)
    assert labels.names == ("Glioma", "Abscess", "Normal")
    assert [d.training_positives for d in labels.disorders] == [2, 1, 1]
    assert [d.icd10cm for d in labels.disorders] == [("C71.9",), ("G06.0",), ()]
    assert [d.normal for d in labels.disorders] == [False, False, True]
    assert labels.disorders[0].coverage == (Coverage(Modality.MRI, Anatomy.HEAD_AND_NECK),)


def test_codes_that_cannot_be_attributed_are_given_to_no_disorder() -> None:
    labels = label_space([case(1, "Glioma", "Abscess", icd10cm=("C71.9",))])
    assert [d.icd10cm for d in labels.disorders] == [(), ()]


def test_targets_have_a_one_for_each_disorder_of_a_case() -> None:
    records = [case(1, "A", "B"), case(2, "A"), case(3, "C")]
    labels = label_space(records)
    np.testing.assert_array_equal(labels.matrix(records), [[1, 1, 0], [1, 0, 0], [0, 0, 1]])


def test_a_disorder_without_a_training_case_is_refused_with_the_nearest() -> None:
    labels = label_space([case(1, "Glioma")])
    with pytest.raises(ConfigError, match=r"case case-2: disorder 'glioma'.*did you mean 'Glioma'"):
        labels.matrix([case(2, "glioma")])


def test_a_split_without_cases_is_refused() -> None:
    with pytest.raises(ConfigError, match="no case is in the split 'train'"):
        label_space([case(1, "A", split="")])
