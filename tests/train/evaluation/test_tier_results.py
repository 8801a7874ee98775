"""Figures by class and tier: thresholds of the card, means over the classes that have both outcomes, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, roc_auc_score

from raddiag_engine.models.card import Disorder, OperatingPoint
from raddiag_train.evaluation.tier_results import tier_results

DISORDERS = (
    Disorder("Normal", tier="head", normal=True),
    Disorder("A", tier="head", operating_point=OperatingPoint(0.6, 0.5, 0.5, 10)),
    Disorder("B", tier="head"),
    Disorder("C", tier="tail"),
    Disorder("D", tier="tail"),
)


def made_up() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    targets = generator.random((200, 5)) < [0.4, 0.3, 0.2, 0.1, 0.0]
    return np.clip(generator.random((200, 5)) * 0.7 + 0.3 * targets, 0, 1), targets


def test_a_tier_is_the_mean_of_its_classes_without_normal() -> None:
    scores, targets = made_up()
    results = tier_results(DISORDERS, scores, targets, resamples=200)
    head, tail, whole = results.tiers
    assert [(tier.tier, tier.classes, tier.evaluated) for tier in results.tiers] == [
        ("head", 2, 2),
        ("tail", 2, 1),
        ("all", 4, 3),
    ]
    auc = [roc_auc_score(targets[:, k], scores[:, k]) for k in range(4)]
    assert head.metrics["auc"].value == pytest.approx((auc[1] + auc[2]) / 2)
    assert tail.metrics["auc"].value == pytest.approx(auc[3])
    assert whole.metrics["auc"].value == pytest.approx(np.mean(auc[1:]))
    ap = [average_precision_score(targets[:, k], scores[:, k]) for k in (1, 2)]
    assert head.metrics["average_precision"].value == pytest.approx(np.mean(ap))
    for tier in results.tiers:
        for figure in tier.metrics.values():
            assert figure.low <= figure.value <= figure.high
    assert [band.name for band in results.bands] == ["head", "tail", "all"]


def test_f1_and_mcc_are_those_at_the_thresholds_of_the_card() -> None:
    scores, targets = made_up()
    results = tier_results(DISORDERS, scores, targets, resamples=0)
    for k, threshold, fitted in ((1, 0.6, True), (2, 0.5, False)):
        row = results.classes[k]
        assert (row.threshold, row.fitted) == (threshold, fitted)
        called = scores[:, k] >= threshold
        assert row.metrics["f1"].value == pytest.approx(f1_score(targets[:, k], called))
        assert row.metrics["mcc"].value == pytest.approx(matthews_corrcoef(targets[:, k], called))
        assert np.isnan(row.metrics["f1"].low)
    assert results.bands == ()


def test_a_class_without_positives_has_no_figures() -> None:
    scores, targets = made_up()
    row = tier_results(DISORDERS, scores, targets, resamples=20).classes[4]
    assert (row.positives, row.negatives) == (0, 200)
    assert all(np.isnan([figure.value, figure.low, figure.high]).all() for figure in row.metrics.values())


def test_a_rare_class_has_an_interval_over_the_resamples_that_hold_it() -> None:
    scores, targets = made_up()
    targets[:, 3] = np.arange(200) == 7
    figure = tier_results(DISORDERS, scores, targets, resamples=100).classes[3].metrics["auc"]
    assert 0 <= figure.low <= figure.value <= figure.high <= 1
