"""Platt scaling against the truth it was made from and against scikit-learn's logistic regression."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from raddiag_engine.models.card import Calibration
from raddiag_train.evaluation.calibration import calibrated, fit_calibration


def test_recovers_the_slope_and_offset_that_made_the_labels() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, 20_000)
    targets = generator.random(20_000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    fitted = fit_calibration(logits, targets)
    assert fitted is not None
    assert fitted.slope == pytest.approx(0.5, abs=0.02)
    assert fitted.offset == pytest.approx(-1, abs=0.05)
    plain = LogisticRegression(C=1e6).fit(logits[:, None], targets)
    assert fitted.slope == pytest.approx(plain.coef_[0, 0], abs=0.005)
    assert fitted.offset == pytest.approx(plain.intercept_[0], abs=0.005)


def test_separable_logits_get_a_finite_slope() -> None:
    logits = np.concatenate([np.linspace(-9, -5, 50), np.linspace(5, 9, 50)])
    fitted = fit_calibration(logits, logits > 0)
    assert fitted is not None
    assert 0 < fitted.slope < 2


@pytest.mark.parametrize("positives, negatives", [(9, 500), (500, 9), (0, 100)])
def test_too_few_cases_of_an_outcome_give_no_calibration(positives: int, negatives: int) -> None:
    targets = np.arange(positives + negatives) < positives
    assert fit_calibration(targets * 2.0 - 1, targets) is None


def test_logits_that_fall_with_the_disorder_are_not_turned_round() -> None:
    logits = np.concatenate([np.full(200, 2.0), np.full(200, -2.0)])
    assert fit_calibration(logits, logits < 0) is None


def test_probability_is_the_sigmoid_of_the_scaled_logit_without_overflow() -> None:
    assert calibrated(np.array([2.0]), Calibration(0.5, -1.0)) == pytest.approx([0.5])
    assert calibrated(np.array([-1000.0, 0.0, 1000.0]), None) == pytest.approx([0.0, 0.5, 1.0])
