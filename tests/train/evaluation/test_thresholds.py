"""Operating points on small examples that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_train.evaluation.thresholds import fit_operating_point


def test_takes_the_best_f1_and_says_what_it_does() -> None:
    # Calling the upper four positive: 3 hits, 1 false alarm, none missed: F1 = 6/7, the best there is.
    probabilities = np.array([0.9, 0.8, 0.6, 0.5, 0.3, 0.2])
    targets = np.array([True, True, False, True, False, False])
    point = fit_operating_point(probabilities, targets)
    assert point is not None
    assert point.threshold == pytest.approx(0.4)
    assert point.sensitivity == 1.0
    assert point.specificity == pytest.approx(2 / 3)
    assert point.positives == 3
    assert not point.reliable


def test_threshold_of_separable_cases_lies_in_the_middle_of_the_gap() -> None:
    point = fit_operating_point(np.array([0.1, 0.2, 0.9, 0.95]), np.array([False, False, True, True]))
    assert point is not None
    assert point.threshold == pytest.approx(0.55)
    assert (point.sensitivity, point.specificity) == (1.0, 1.0)


def test_constant_probabilities_call_everything_positive() -> None:
    point = fit_operating_point(np.full(4, 0.3), np.array([True, False, False, False]))
    assert point is not None
    assert point.threshold <= 0.3
    assert (point.sensitivity, point.specificity) == (1.0, 0.0)


@pytest.mark.parametrize("targets", [[True, True], [False, False]])
def test_no_point_without_both_outcomes(targets: list[bool]) -> None:
    assert fit_operating_point(np.array([0.1, 0.2]), np.array(targets)) is None
