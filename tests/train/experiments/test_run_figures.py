"""The figures of a run, against scikit-learn and by what intervals must do."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef, roc_auc_score

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder, OperatingPoint
from raddiag_train.experiments.run_figures import RunFigures, group_figures, read_figures, write_figures

THRESHOLDS = (0.4, 0.6, 0.5)


def disorders() -> tuple[Disorder, ...]:
    points = [OperatingPoint(threshold, 0.5, 0.5, 20) for threshold in THRESHOLDS[:2]]
    return (
        Disorder("Glioma", tier="head", operating_point=points[0]),
        Disorder("Meningioma", tier="medium", operating_point=points[1]),
        Disorder("Normal", tier="head", normal=True),
    )


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and targets of 90 cases, a class each."""
    generator = np.random.default_rng(0)
    truth_N = np.arange(90) % 3
    targets_NK = np.eye(3, dtype=bool)[truth_N]
    return np.clip(0.45 * targets_NK + generator.uniform(0, 0.6, (90, 3)), 0, 1), targets_NK


def test_figures_are_those_of_scikit_learn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores_NK, targets_NK = answers
    groups, classes = group_figures(disorders(), scores_NK, targets_NK, resamples=0)
    called_NK = scores_NK >= np.array(THRESHOLDS)
    expected = {
        "auc": [roc_auc_score(targets_NK[:, k], scores_NK[:, k]) for k in range(3)],
        "f1": [f1_score(targets_NK[:, k], called_NK[:, k]) for k in range(3)],
        "mcc": [matthews_corrcoef(targets_NK[:, k], called_NK[:, k]) for k in range(3)],
        "acc": [accuracy_score(targets_NK[:, k], called_NK[:, k]) for k in range(3)],
    }
    for metric, values in expected.items():
        assert groups["with normal"][metric].value == pytest.approx(np.mean(values), abs=1e-9)
        assert groups["all"][metric].value == pytest.approx(np.mean(values[:2]), abs=1e-9)
        assert groups["medium"][metric].value == pytest.approx(values[1], abs=1e-9)
    right = (scores_NK.argmax(1) == targets_NK.argmax(1)).mean()
    assert groups["with normal"]["accuracy"].value == pytest.approx(right)
    assert classes == {"head": 1, "medium": 1, "all": 2, "with normal": 3}


def test_intervals_hold_the_figure_and_narrow_with_more_cases(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores_NK, targets_NK = answers
    few, _ = group_figures(disorders(), scores_NK, targets_NK, resamples=300)
    many, _ = group_figures(disorders(), np.tile(scores_NK, (4, 1)), np.tile(targets_NK, (4, 1)), resamples=300)
    for metric in ("auc", "f1", "mcc", "acc", "accuracy"):
        ours, narrower = few["with normal"][metric], many["with normal"][metric]
        assert ours.low < ours.value < ours.high
        assert narrower.high - narrower.low < 0.7 * (ours.high - ours.low)


def test_no_accuracy_where_cases_have_several_disorders(answers: tuple[np.ndarray, np.ndarray]) -> None:
    scores_NK, targets_NK = answers
    targets_NK[0] = (True, True, False)
    groups, _ = group_figures(disorders(), scores_NK, targets_NK, resamples=0)
    assert "accuracy" not in groups["with normal"]


def test_figures_are_read_as_written(tmp_path: Path, answers: tuple[np.ndarray, np.ndarray]) -> None:
    groups, classes = group_figures(disorders(), *answers, resamples=0)
    written = RunFigures("key", {"train": 3}, 1.5, groups, classes)
    write_figures(tmp_path / "figures.json", written)
    found = read_figures(tmp_path / "figures.json")
    assert (found.key, found.cases, found.classes) == ("key", {"train": 3}, classes)
    assert found.groups["all"]["auc"].value == groups["all"]["auc"].value
    assert math.isnan(found.groups["all"]["auc"].low)


def test_damaged_figures_are_named(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"groups": 3}', encoding="utf-8")
    with pytest.raises(ConfigError, match="delete it"):
        read_figures(tmp_path / "figures.json")
