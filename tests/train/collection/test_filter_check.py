"""Precision and recall of the filter from a stratified sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from raddiag_train.collection.filter_check import Stratum, draw_sample, quality, quality_of

KEPT, LEFT_OUT = [f"k{n}" for n in range(300)], [f"o{n}" for n in range(40)]


def test_half_from_each_or_all_there_is() -> None:
    drawn = draw_sample(KEPT, LEFT_OUT, 60, seed=1)
    assert len(set(drawn)) == 60
    assert sum(key in LEFT_OUT for key in drawn) == 30
    assert drawn == draw_sample(KEPT[::-1], LEFT_OUT, 60, seed=1) != draw_sample(KEPT, LEFT_OUT, 60, seed=2)
    assert sum(key in LEFT_OUT for key in draw_sample(KEPT, LEFT_OUT, 200, seed=1)) == 40
    assert len(draw_sample(KEPT, LEFT_OUT, 200, seed=1)) == 200
    assert sorted(draw_sample(KEPT, LEFT_OUT, 1000, seed=1)) == sorted(KEPT + LEFT_OUT)
    assert draw_sample([], LEFT_OUT, 10, 0) != []
    assert draw_sample(KEPT, LEFT_OUT, 0, 0) == []


def test_each_half_counts_for_what_it_was_drawn_from() -> None:
    found = quality(Stratum(900, 100, 90), Stratum(300, 100, 10))
    assert found.precision == pytest.approx(0.9)
    assert found.recall == pytest.approx(810 / (810 + 30))


def test_the_interval_of_precision_is_that_of_jeffreys_where_little_is_checked() -> None:
    found = quality(Stratum(10**7, 50, 47), Stratum(10**7, 50, 1))
    assert found.precision_interval == pytest.approx(beta.ppf([0.025, 0.975], 47.5, 3.5), abs=2e-3)


def test_all_checked_leaves_nothing_open() -> None:
    found = quality(Stratum(20, 20, 19), Stratum(10, 10, 1))
    assert found.precision_interval == (0.95, 0.95)
    assert found.recall_interval == (0.95, 0.95)


def test_no_error_found_is_no_proof_that_there_is_none() -> None:
    found = quality(Stratum(5000, 100, 100), Stratum(5000, 100, 0))
    assert (found.precision, found.recall) == (1, 1)
    assert found.precision_interval is not None
    assert 0.95 < found.precision_interval[0] < 0.99


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    truth = {key: n >= 12 for n, key in enumerate(KEPT)} | {key: n < 6 for n, key in enumerate(LEFT_OUT)}
    precision, recall = 288 / 300, 288 / 294
    held = np.zeros(2)
    for seed in generator.integers(2**31, size=60):
        checked = {key: truth[key] for key in draw_sample(KEPT, LEFT_OUT, 60, int(seed))}
        found = quality_of(KEPT, LEFT_OUT, checked, 0)
        for place, (bounds, value) in enumerate(
            ((found.precision_interval, precision), (found.recall_interval, recall))
        ):
            assert bounds is not None
            held[place] += bounds[0] <= value <= bounds[1]
    assert (held / 60 >= 0.88).all()  # 0.95 less two standard errors of 60 draws
    assert held.mean() / 60 < 1  # nor everything


def test_what_cannot_be_known_is_none() -> None:
    found = quality(Stratum(0, 0, 0), Stratum(10, 5, 0))
    assert (found.precision, found.recall) == (None, None)
    assert quality(Stratum(10, 5, 5), Stratum(10, 0, 0)).recall is None
    with pytest.raises(ValueError, match="cannot be"):
        Stratum(5, 6, 1)
