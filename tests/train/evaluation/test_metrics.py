"""Our metrics from one sort against scikit-learn's, with ties and constant scores among the examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    matthews_corrcoef,
    precision_recall_curve,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from raddiag_train.evaluation import roc_vertices
from raddiag_train.evaluation.metrics import FALSE_POSITIVE_RATES, confusion_rates, ranking_metrics


@st.composite
def scored_classes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, (N, 3), and targets with at least one positive and one negative a class."""
    cases = draw(st.integers(2, 60))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.sampled_from([1, 2, 5, 10_000]))
    scores = generator.integers(0, levels, (cases, 3)) / levels
    targets = generator.random((cases, 3)) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    targets[0], targets[1] = True, False
    return scores, targets


@settings(max_examples=150, deadline=None)
@given(scored_classes())
def test_metrics_equal_those_of_scikit_learn(example: tuple[np.ndarray, np.ndarray]) -> None:
    scores, targets = example
    ours = ranking_metrics(scores, targets)
    for k in range(scores.shape[1]):
        s, t = scores[:, k], targets[:, k]
        assert ours.auc[k] == pytest.approx(roc_auc_score(t, s), abs=1e-6)
        assert ours.average_precision[k] == pytest.approx(average_precision_score(t, s), abs=1e-6)
        precision, recall, _ = precision_recall_curve(t, s)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        assert ours.best_f1[k] == pytest.approx(f1.max(), abs=1e-6)
        called = s >= ours.best_f1_threshold[k]
        assert ours.best_f1[k] == pytest.approx(f1_score(t, called), abs=1e-6)
        assert ours.mcc[k] == pytest.approx(matthews_corrcoef(t, called), abs=1e-6)
        fpr, tpr, _ = roc_curve(t, s, drop_intermediate=False)
        for rate in FALSE_POSITIVE_RATES:
            assert ours.recall_at_fpr[rate][k] == pytest.approx(tpr[fpr <= rate].max(), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(scored_classes(), st.floats(0, 1))
def test_rates_at_a_threshold_equal_those_of_scikit_learn(
    example: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    scores, targets = example
    ours = confusion_rates(scores, targets, np.full(3, threshold))
    for k in range(3):
        called, truth = scores[:, k] >= threshold, targets[:, k]
        assert ours["f1"][k] == pytest.approx(f1_score(truth, called), abs=1e-6)
        assert ours["mcc"][k] == pytest.approx(matthews_corrcoef(truth, called), abs=1e-6)
        assert ours["sensitivity"][k] == pytest.approx(recall_score(truth, called), abs=1e-6)
        assert ours["specificity"][k] == pytest.approx(recall_score(~truth, ~called), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(scored_classes(), st.integers(0, 2**32))
def test_cases_that_do_not_count_are_as_if_absent(example: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    scores, targets = example
    valid = np.random.default_rng(seed).random(scores.shape) < 0.6
    valid[:2] = True
    masked = ranking_metrics(scores, targets, valid)
    for k in range(scores.shape[1]):
        alone = ranking_metrics(scores[valid[:, k], k : k + 1], targets[valid[:, k], k : k + 1])
        assert masked.auc[k] == pytest.approx(alone.auc[0])
        assert masked.average_precision[k] == pytest.approx(alone.average_precision[0])
        assert masked.best_f1[k] == pytest.approx(alone.best_f1[0])
        assert masked.positives[k] == alone.positives[0]


def test_a_class_of_one_outcome_has_no_metrics() -> None:
    result = ranking_metrics(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[True, False], [True, True]]))
    assert np.isnan(result.auc[0])
    assert np.isnan(result.best_f1[0])
    assert result.auc[1] == 1.0


def test_blocks_of_classes_give_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    scores, targets = generator.random((50, 7)), generator.random((50, 7)) < 0.3
    expected = [roc_auc_score(targets[:, k], scores[:, k]) for k in range(7)]
    monkeypatch.setattr(roc_vertices, "BLOCK_SCORES", 100)
    assert ranking_metrics(scores, targets).auc == pytest.approx(expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("masked", [False, True])
def test_scores_that_are_not_finite_are_refused(value: float, masked: bool) -> None:
    valid = np.array([[True], [True], [False]]) if masked else None
    with pytest.raises(ValueError, match="finite"):
        ranking_metrics(np.array([[value], [0.1], [0.2]]), np.array([[True], [False], [True]]), valid)


def test_no_class_has_a_positive() -> None:
    result = ranking_metrics(np.array([[0.1, 0.2], [0.3, 0.4]]), np.zeros((2, 2), dtype=bool))
    assert np.isnan(result.auc).all()
    assert result.negatives.tolist() == [2, 2]
