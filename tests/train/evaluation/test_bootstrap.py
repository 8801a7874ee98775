"""Bootstrap intervals: equal to resampling one by one, and of the width that theory gives."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_train.evaluation.bootstrap import interval, resample_counts, resampled_mean


def test_every_resample_draws_as_many_cases_as_there_are() -> None:
    assert (resample_counts(30, 100).sum(1) == 30).all()


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    correct = np.arange(400) < 300
    low, high = interval(resampled_mean(correct, resample_counts(400, 4000, seed=3)))
    error = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert low == pytest.approx(0.75 - error, abs=0.006)
    assert high == pytest.approx(0.75 + error, abs=0.006)


def test_a_resample_in_which_the_figure_is_undefined_is_left_out() -> None:
    assert interval(np.array([np.nan, 1.0])) == (1.0, 1.0)
    assert np.isnan(interval(np.array([np.nan]))).all()
    assert np.isnan(interval(np.empty(0))).all()
