"""Reliability on cases counted by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from raddiag_train.evaluation.calibration import calibrated, fit_calibration
from raddiag_train.evaluation.reliability import reliability


def test_a_small_curve_counted_by_hand() -> None:
    curve = reliability(np.array([0.1, 0.3, 0.9, 1.0]), np.array([False, True, True, True]), bins=2)
    assert curve.count == (2, 2)
    assert curve.predicted == pytest.approx((0.2, 0.95))
    assert curve.observed == (0.5, 1.0)
    assert curve.expected_calibration_error == pytest.approx((2 * 0.3 + 2 * 0.05) / 4)
    assert curve.brier == pytest.approx((0.01 + 0.49 + 0.01 + 0) / 4)


def test_curve_and_brier_score_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    p = generator.random(500)
    y = generator.random(500) < p**2
    curve = reliability(p, y, bins=10)
    observed, predicted = calibration_curve(y, p, n_bins=10)
    assert curve.observed == pytest.approx(observed)
    assert curve.predicted == pytest.approx(predicted)
    assert curve.brier == pytest.approx(brier_score_loss(y, p))


def test_calibration_fitted_on_some_cases_lowers_the_error_on_others() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=6000) * 3
    y = generator.random(6000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    fit = fit_calibration(logits[:3000], y[:3000])
    assert fit is not None
    assert (fit.slope, fit.offset) == (pytest.approx(0.5, abs=0.05), pytest.approx(-1, abs=0.15))
    before = reliability(calibrated(logits[3000:], None), y[3000:])
    after = reliability(calibrated(logits[3000:], fit), y[3000:])
    assert after.expected_calibration_error < before.expected_calibration_error / 3
    assert after.brier < before.brier


@pytest.mark.parametrize("p", [[1.1], [-0.1], [float("nan")], []])
def test_what_is_no_probability_is_refused(p: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        reliability(np.array(p), np.zeros(len(p), dtype=bool))
