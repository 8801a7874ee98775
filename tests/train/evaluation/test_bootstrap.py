"""Bootstrap intervals: equal to resampling one by one, and of the width that theory gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from raddiag_train.evaluation.bootstrap import interval, resample_counts, resampled_auc, resampled_mean


def test_each_resample_equals_the_auc_of_the_repeated_cases() -> None:
    generator = np.random.default_rng(1)
    scores = generator.integers(0, 6, 40) / 6
    targets = generator.random(40) < 0.4
    counts = resample_counts(40, 20, seed=2)
    ours = resampled_auc(scores, targets, counts)
    for row, auc in zip(counts.astype(int), ours, strict=True):
        drawn = np.repeat(np.arange(40), row)
        assert auc == pytest.approx(roc_auc_score(targets[drawn], scores[drawn]))


def test_every_resample_draws_as_many_cases_as_there_are() -> None:
    assert (resample_counts(30, 100).sum(1) == 30).all()


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    correct = np.arange(400) < 300
    low, high = interval(resampled_mean(correct, resample_counts(400, 4000, seed=3)))
    error = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - error, abs=0.006)
    assert high == pytest.approx(0.75 + error, abs=0.006)


def test_a_resample_without_positives_is_left_out() -> None:
    values = resampled_auc(np.array([0.2, 0.9]), np.array([False, True]), np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(values[0])
    assert interval(values) == (1.0, 1.0)
