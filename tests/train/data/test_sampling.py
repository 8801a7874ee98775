"""Epochs: who is seen how often, in which order, and resuming in the middle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raddiag_engine.errors import ConfigError
from raddiag_train.data.case_labels import CaseLabels
from raddiag_train.data.sampling import EpochSampler, case_factors, repeat_factors, source_factors


def test_a_plain_epoch_shows_every_case_once_in_another_order_each_time() -> None:
    sampler = EpochSampler(np.ones(50), batch_size=5)
    first, second = sampler.epoch(0), sampler.epoch(1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first.tolist() != second.tolist()
    assert first.tolist() == EpochSampler(np.ones(50), batch_size=5).epoch(0).tolist()
    assert first.tolist() != EpochSampler(np.ones(50), batch_size=5, seed=1).epoch(0).tolist()


@given(st.lists(st.floats(0, 3), min_size=1, max_size=40), st.integers(0, 5))
def test_a_case_comes_as_often_as_expected_rounded_up_or_down(expected: list[float], epoch: int) -> None:
    counts = np.bincount(EpochSampler(np.array(expected), 4).epoch(epoch), minlength=len(expected))
    assert (counts >= np.floor(expected) - 1e-6).all()
    assert (counts <= np.ceil(np.array(expected) + 1e-6)).all()
    assert abs(counts.sum() - sum(expected)) < 1 + 1e-6


def test_a_fractional_case_comes_in_its_share_of_the_epochs() -> None:
    sampler = EpochSampler(np.array([0.25, 1.0, 1.0, 1.0]), 1)
    seen = sum(0 in sampler.epoch(epoch) for epoch in range(2000))
    assert abs(seen - 500) < 4 * math.sqrt(2000 * 0.25 * 0.75)


def test_an_epoch_resumed_in_the_middle_goes_on_with_the_same_batches() -> None:
    sampler = EpochSampler(np.full(40, 1.3), batch_size=4, seed=3)
    whole = list(sampler.batches(7))
    assert len(whole) == sampler.batches_per_epoch() == 13
    assert list(sampler.batches(7, start=5)) == whole[5:]


def test_processes_share_an_epoch_without_overlap() -> None:
    parts = [list(EpochSampler(np.ones(24), 3, rank=rank, processes=2).batches(0)) for rank in (0, 1)]
    assert [len(part) for part in parts] == [4, 4]
    assert sorted(index for part in parts for batch in part for index in batch) == list(range(24))


def test_fewer_cases_than_a_batch_still_make_one() -> None:
    assert [sorted(batch) for batch in EpochSampler(np.ones(3), 8).batches(0)] == [[0, 1, 2]]


def test_repeat_factors_are_those_of_the_formula() -> None:
    labels = CaseLabels.of([[0, 1], *[[0]] * 9_999], 2)
    factors = repeat_factors(labels, threshold=1e-3)
    assert factors[0] == pytest.approx(math.sqrt(1e-3 / 1e-4))
    assert (factors[1:] == 1).all()


def test_sources_share_an_epoch_by_weight() -> None:
    sources = ["a"] * 90 + ["b"] * 10
    factors = source_factors(sources, {"a": 1, "b": 3})
    assert factors[:90].sum() == pytest.approx(25)
    assert factors[90:].sum() == pytest.approx(75)
    assert source_factors(sources, {}).tolist() == [1.0] * 100
    assert source_factors(sources, {}, cases_per_epoch=50).sum() == pytest.approx(50)


def test_a_weight_for_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match="'c'"):
        source_factors(["a"], {"c": 1})


def test_repeats_lengthen_the_epoch_and_leave_weighted_sources_their_shares() -> None:
    # Class 1 occurs in 1 of 100 cases of source b: at a threshold of 4 % it is seen twice as often.
    sources = ["a"] * 50 + ["b"] * 50
    labels = CaseLabels.of([[0]] * 99 + [[0, 1]], 2)
    plain = case_factors(sources, labels, {}, 0.04)
    assert plain.tolist() == [1.0] * 99 + [pytest.approx(2.0)]
    assert case_factors(sources, labels, {}, 0.0).tolist() == [1.0] * 100
    weighted = case_factors(sources, labels, {"a": 1, "b": 3}, 0.04)
    assert weighted.sum() == pytest.approx(plain.sum())
    assert weighted[50:].sum() == pytest.approx(0.75 * plain.sum())
    assert weighted[-1] == pytest.approx(2 * weighted[-2])
