"""Bootstrap of all classes at once: in every resample what scikit-learn says of the cases drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, roc_auc_score, roc_curve

from raddiag_train.evaluation import resampled_metrics as module
from raddiag_train.evaluation.bootstrap import interval, resample_counts
from raddiag_train.evaluation.resampled_metrics import mean_over_classes, resample_curves, resampled_metrics
from raddiag_train.evaluation.roc_bands import RATES_G, resampled_recalls, roc_bands, roc_of_class
from raddiag_train.evaluation.roc_vertices import roc_vertices


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([2, 5, 10_000]), st.sampled_from([np.float32, np.float64]))
def test_every_resample_equals_scikit_learn_on_the_cases_drawn(seed: int, levels: int, dtype: type) -> None:
    generator = np.random.default_rng(seed)
    scores = (generator.integers(0, levels, (40, 4)) / levels).astype(dtype)
    targets = generator.random((40, 4)) < [0.05, 0.2, 0.5, 0.0]
    thresholds = generator.random(4).astype(dtype)
    counts = resample_counts(40, 12, seed=seed)
    found = resampled_metrics(resample_curves(scores, targets, thresholds, counts))
    for r, row in enumerate(counts.astype(int)):
        drawn = np.repeat(np.arange(40), row)
        for k in range(4):
            s, t = scores[drawn, k], targets[drawn, k]
            if t.all() or not t.any():
                assert all(np.isnan(values[k, r]) for values in found.values())
                continue
            called = s >= thresholds[k]
            fpr, tpr, _ = roc_curve(t, s, drop_intermediate=False)
            expected = {
                "auc": roc_auc_score(t, s),
                "average_precision": average_precision_score(t, s),
                "f1": f1_score(t, called),
                "mcc": matthews_corrcoef(t, called),
                **{f"recall_at_fpr_{rate}": tpr[fpr <= rate].max() for rate in (0.01, 0.05, 0.1)},
            }
            for name, value in expected.items():
                assert found[name][k, r] == pytest.approx(value, abs=1e-6), name


def test_blocks_of_points_give_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    scores, targets = generator.random((60, 5)), generator.random((60, 5)) < 0.3
    counts = resample_counts(60, 7)
    whole = resampled_metrics(resample_curves(scores, targets, np.full(5, 0.5), counts))
    monkeypatch.setattr(module, "BLOCK_POINTS", 4)
    parts = resampled_metrics(resample_curves(scores, targets, np.full(5, 0.5), counts))
    for name, values in whole.items():
        np.testing.assert_array_equal(values, parts[name])


def test_the_interval_of_an_auc_is_as_wide_as_theory_says() -> None:
    """Hanley and McNeil 1982, for normal scores a distance of 1 apart."""
    generator = np.random.default_rng(4)
    targets = np.arange(2000) < 400
    scores = generator.normal(size=2000) + targets
    auc_KR = resampled_metrics(
        resample_curves(scores[:, None], targets[:, None], np.zeros(1), resample_counts(2000, 1000))
    )["auc"]
    low, high = interval(mean_over_classes(auc_KR))
    auc = roc_auc_score(targets, scores)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + 399 * (q1 - auc**2) + 1599 * (q2 - auc**2)) / (400 * 1600)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.15)
    assert low < auc < high


def test_recalls_at_rates_are_those_of_the_resampled_curve() -> None:
    generator = np.random.default_rng(2)
    scores, targets = generator.integers(0, 12, (50, 3)) / 12, generator.random((50, 3)) < [0.1, 0.4, 0.6]
    counts = resample_counts(50, 9, seed=3)
    recalls = resampled_recalls(resample_curves(scores, targets, np.full(3, 0.5), counts), slice(2, 7))
    for r in range(2, 7):
        drawn = np.repeat(np.arange(50), counts[r].astype(int))
        for k in range(3):
            fpr, tpr, _ = roc_curve(targets[drawn, k], scores[drawn, k], drop_intermediate=False)
            expected = [tpr[fpr <= rate + 1e-12].max() for rate in RATES_G]
            np.testing.assert_allclose(recalls[k, r - 2], expected, atol=1e-6)


def test_a_band_holds_its_line_and_a_perfect_group_has_none() -> None:
    generator = np.random.default_rng(5)
    targets = generator.random((300, 6)) < 0.2
    scores = generator.normal(size=(300, 6)) + targets * [99, 99, 99, 1, 1, 1]
    curves = resample_curves(scores, targets, np.zeros(6), resample_counts(300, 60))
    groups = {"perfect": np.arange(3), "fair": np.arange(3, 6), "empty": np.array([], dtype=np.int64)}
    perfect, fair = roc_bands(curves, resampled_metrics(curves)["auc"], groups, draws=50)
    assert (perfect.name, perfect.classes, perfect.auc, perfect.auc_interval) == ("perfect", 3, 1.0, (1.0, 1.0))
    assert (perfect.low_G == 1).all()
    assert (fair.low_G <= fair.line_G).all() and (fair.line_G <= fair.high_G).all()
    assert fair.auc_interval[0] < fair.auc < fair.auc_interval[1] < 0.9
    assert (fair.high_G - fair.low_G).max() > 0.05
    assert (np.diff(fair.line_G) >= 0).all()


def test_the_staircase_of_a_class_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(6)
    scores, targets = generator.integers(0, 9, 80) / 9, generator.random(80) < 0.3
    rates, recalls = roc_of_class(roc_vertices(scores[:, None], targets[:, None]), 0)
    assert np.trapezoid(recalls, rates) == pytest.approx(roc_auc_score(targets, scores))
    fpr, tpr, _ = roc_curve(targets, scores, drop_intermediate=False)
    np.testing.assert_allclose(
        np.interp(np.linspace(0, 1, 50), rates, recalls), np.interp(np.linspace(0, 1, 50), fpr, tpr)
    )
    with pytest.raises(ValueError, match="positive and negative"):
        roc_of_class(roc_vertices(scores[:, None], np.zeros((80, 1), dtype=bool)), 0)
