"""What a model says of a data set's labels, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.models.card import Disorder
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.evaluation.metrics import ranking_metrics
from raddiag_train.experiments.run_figures import ACCURACY, Metrics, group_figures
from raddiag_train.experiments.zero_shot.label_mapping import Label

_JUDGED_BY_CALL = ("f1", "mcc", "acc")


@dataclass(frozen=True, eq=False)
class Answers:
    """Of N cases on L labels.

    Attributes:
        scores_NL: The higher, the more likely; comparable between the labels of a case.
        called_NL: True where the model says that the case has the label.
        set_aside: Scans of the cases that were asked about, which were not fused.
    """

    scores_NL: NDArray[np.float64]
    called_NL: NDArray[np.bool_]
    set_aside: tuple[SetAside, ...] = ()

    def of(self, rows: NDArray[np.bool_]) -> Answers:
        """Those of some cases."""
        return replace(self, scores_NL=self.scores_NL[rows], called_NL=self.called_NL[rows])

    def with_thresholds(self, thresholds_L: NDArray[np.float64]) -> Answers:
        """The same scores, called positive from a threshold on."""
        return replace(self, called_NL=self.scores_NL >= thresholds_L)


def truth(records: Sequence[CaseRecord], labels: Sequence[Label]) -> NDArray[np.bool_]:
    """(N, L) what the cases have."""
    return np.array([[label.name in record.disorders for label in labels] for record in records], dtype=bool)


def best_f1_thresholds(answers: Answers, targets_NL: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(L,) where F1 is highest, as the paper takes thresholds from a validation part (section 5.1.2)."""
    thresholds_L = ranking_metrics(answers.scores_NL, targets_NL).best_f1_threshold
    return np.where(np.isnan(thresholds_L), np.inf, thresholds_L)


def answer_figures(answers: Answers, targets_NL: NDArray[np.bool_], labels: Sequence[Label], resamples: int) -> Metrics:
    """Means over the labels, "Normal" included: F1, MCC and ACC of what was called, AUC and the like of the scores."""
    classes = [Disorder(label.name, normal=label.name == NORMAL) for label in labels]
    called, _ = group_figures(classes, answers.called_NL.astype(np.float64), targets_NL, resamples)
    scored, _ = group_figures(classes, answers.scores_NL, targets_NL, resamples)
    figures = {name: figure for name, figure in scored["with normal"].items() if name not in _JUDGED_BY_CALL}
    figures |= {name: called["with normal"][name] for name in _JUDGED_BY_CALL}
    if ACCURACY in scored["with normal"]:
        figures[ACCURACY] = scored["with normal"][ACCURACY]
    return figures
