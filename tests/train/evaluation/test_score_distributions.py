"""Scores of positives against negatives of their anatomy and of others."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from raddiag_train.evaluation.score_distributions import QUANTILES, intra_anatomy, score_distributions

ANATOMIES = ["chest"] * 30 + ["head"] * 50


def test_negatives_are_parted_by_the_anatomies_in_which_the_disorder_occurs() -> None:
    generator = np.random.default_rng(0)
    targets = np.zeros((80, 2), dtype=bool)
    targets[:10, 0] = True
    targets[[0, 40], 1] = True
    scores = generator.random((80, 2))
    first, second = score_distributions({"a": np.array([0]), "b": np.array([1])}, scores, targets, ANATOMIES)
    assert [(d.kind, d.count) for d in first.distributions] == [
        ("positive", 10),
        ("intra-anatomy negative", 20),
        ("inter-anatomy negative", 50),
    ]
    assert [d.count for d in second.distributions] == [2, 78, 0]
    assert first.distributions[1].quantiles == pytest.approx(np.quantile(scores[10:30, 0], QUANTILES))
    assert sum(first.distributions[2].histogram) == pytest.approx(1)
    assert first.auc_intra == pytest.approx(roc_auc_score(targets[:30, 0], scores[:30, 0]))
    inter = np.r_[0:10, 30:80]
    assert first.auc_inter == pytest.approx(roc_auc_score(targets[inter, 0], scores[inter, 0]))
    assert np.isnan(second.auc_inter)
    assert second.distributions[2].quantiles == ()


def test_certain_scores_lie_in_the_outer_bins() -> None:
    targets = np.array([[True], [False]])
    [group] = score_distributions({"a": np.array([0])}, np.array([[1.0], [0.0]]), targets, ["chest", "chest"])
    positive, negative, _ = group.distributions
    assert positive.histogram[-1] == negative.histogram[0] == 1.0


def test_intra_anatomy_is_told_class_by_class() -> None:
    targets = np.array([[True, False], [False, False], [False, True]])
    found = intra_anatomy(targets, ["chest", "chest", "head"])
    assert found.tolist() == [[True, False], [True, False], [False, True]]
