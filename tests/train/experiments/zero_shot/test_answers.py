"""From a model's disorders to a data set's labels, and how that is judged."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score

from raddiag_train.experiments.zero_shot.answers import answer_figures, best_f1_thresholds
from raddiag_train.experiments.zero_shot.label_mapping import Label, MappedLabel
from raddiag_train.experiments.zero_shot.raddiag_model import answers_of

NAMES = ("Glioblastoma", "Brainstem glioma", "Meningioma", "Knee effusion")
MAPPED = (
    MappedLabel(Label("Glioma"), ("Glioblastoma", "Brainstem glioma"), "code"),
    MappedLabel(Label("Meningioma"), ("Meningioma",), "name"),
    MappedLabel(Label("Rarity"), (), ""),
    MappedLabel(Label("Normal"), (), ""),
)
PROBABILITIES_NK = np.array([[0.2, 0.6, 0.1, 0.9], [0.35, 0.1, 0.45, 0.0], [0.1, 0.1, 0.3, 0.99]])
THRESHOLDS_K = np.array([0.3, 0.7, 0.4, 0.5])


def test_a_label_of_several_disorders_takes_the_most_probable_and_each_ones_threshold() -> None:
    answers = answers_of(PROBABILITIES_NK, THRESHOLDS_K, NAMES, MAPPED)
    np.testing.assert_allclose(answers.scores_NL[:, 0], [0.6, 0.35, 0.1])
    # 0.6 of "Brainstem glioma" is below its own threshold, 0.35 of "Glioblastoma" is not below its own.
    assert answers.called_NL[:, 0].tolist() == [False, True, False]
    assert answers.called_NL[:, 1].tolist() == [False, True, False]


def test_what_means_nothing_is_never_called_and_normal_is_what_no_label_is() -> None:
    answers = answers_of(PROBABILITIES_NK, THRESHOLDS_K, NAMES, MAPPED)
    assert not answers.called_NL[:, 2].any()
    assert answers.called_NL[:, 3].tolist() == [True, False, True]
    np.testing.assert_allclose(answers.scores_NL[:, 3], [0.4, 0.55, 0.7])


def test_figures_are_those_of_scikit_learn_on_what_was_called() -> None:
    generator = np.random.default_rng(1)
    targets_NL = np.eye(4, dtype=bool)[np.arange(80) % 4]
    scores_NK = np.clip(0.4 * targets_NL + generator.uniform(0, 0.6, (80, 4)), 0, 1)
    answers = answers_of(
        scores_NK, np.array([0.5, 0.9, 0.4, 0.5]), NAMES, [MappedLabel(Label(name), (name,), "name") for name in NAMES]
    )
    labels = [Label(name) for name in NAMES]
    figures = answer_figures(answers, targets_NL, labels, resamples=50)
    called = answers.called_NL
    assert figures["f1"].value == pytest.approx(f1_score(targets_NL, called, average="macro"))
    assert figures["mcc"].value == pytest.approx(
        np.mean([matthews_corrcoef(targets_NL[:, k], called[:, k]) for k in range(4)])
    )
    assert figures["acc"].value == pytest.approx((targets_NL == called).mean())
    assert figures["auc"].value == pytest.approx(roc_auc_score(targets_NL, scores_NK, average="macro"))
    assert figures["f1"].low < figures["f1"].value < figures["f1"].high


def test_thresholds_of_best_f1_are_not_worse_on_the_cases_they_were_fitted_on() -> None:
    generator = np.random.default_rng(2)
    targets_NL = np.eye(4, dtype=bool)[np.arange(80) % 4]
    scores_NK = np.clip(0.2 * targets_NL + generator.uniform(0, 0.6, (80, 4)), 0, 1)
    answers = answers_of(scores_NK, np.full(4, 0.9), NAMES, [MappedLabel(Label(n), (n,), "name") for n in NAMES])
    fitted = answers.with_thresholds(best_f1_thresholds(answers, targets_NL))
    assert f1_score(targets_NL, fitted.called_NL, average="macro") > f1_score(
        targets_NL, answers.called_NL, average="macro", zero_division=0
    )
