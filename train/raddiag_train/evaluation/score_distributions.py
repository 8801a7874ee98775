"""How the scores of positive cases lie against those of negatives: of the disorder's own anatomy, and of others.

A model that tells a chest from a head scores well against other anatomies without having learned any disorder; what
it has learned shows against negatives of the same anatomy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.metrics import ranking_metrics
from raddiag_train.evaluation.roc_vertices import Bools, Floats, Ints

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
KINDS = ("positive", "intra-anatomy negative", "inter-anatomy negative")
# Of the log-odds, in natural units: from 6 in a million to the same below 1.
EDGES = np.linspace(-12.0, 12.0, 97)


@dataclass(frozen=True)
class Distribution:
    """Scores of one kind of case.

    Attributes:
        kind: One of `KINDS`.
        count: Pairs of a case and a class.
        quantiles: Of the probability, at `QUANTILES`; empty without cases.
        histogram: Shares of the log-odds in the bins between `EDGES`; empty without cases.
    """

    kind: str
    count: int
    quantiles: tuple[float, ...]
    histogram: tuple[float, ...]


@dataclass(frozen=True)
class GroupDistributions:
    """Scores of a class or of all classes of a tier.

    Attributes:
        name: Of the class or tier.
        distributions: One a kind.
        auc_intra: Mean AUC against negatives of an anatomy in which the disorder occurs.
        auc_inter: Against those of other anatomies; NaN if there are none.
    """

    name: str
    distributions: tuple[Distribution, ...]
    auc_intra: float
    auc_inter: float


def score_distributions(
    groups: dict[str, Ints], probabilities_NK: NDArray[np.floating], targets_NK: Bools, anatomies: Sequence[str]
) -> list[GroupDistributions]:
    """Distributions of each group of classes.

    Args:
        groups: Name -> classes.
        probabilities_NK: (cases, classes).
        targets_NK: (cases, classes).
        anatomies: Of the cases.
    """
    found = []
    for name, classes in groups.items():
        of_group_NK, truth_NK = probabilities_NK[:, classes], targets_NK[:, classes]
        intra_NK = intra_anatomy(truth_NK, anatomies)
        shares = [
            _distribution(kind, of_group_NK[chosen_NK])
            for kind, chosen_NK in zip(KINDS, (truth_NK, ~truth_NK & intra_NK, ~truth_NK & ~intra_NK), strict=True)
        ]
        intra_K = ranking_metrics(of_group_NK, truth_NK, truth_NK | intra_NK).auc
        inter_K = ranking_metrics(of_group_NK, truth_NK, truth_NK | ~intra_NK).auc
        found.append(GroupDistributions(name, tuple(shares), _mean(intra_K), _mean(inter_K)))
    return found


def intra_anatomy(targets_NK: Bools, anatomies: Sequence[str]) -> Bools:
    """(N, K) True for the cases of an anatomy in which the disorder occurs among these cases."""
    names, of_case_N = np.unique(np.array(anatomies), return_inverse=True)
    occurs_AK = np.zeros((len(names), targets_NK.shape[1]), dtype=bool)
    for anatomy in range(len(names)):
        occurs_AK[anatomy] = targets_NK[of_case_N == anatomy].any(0)
    return occurs_AK[of_case_N]


def _distribution(kind: str, probabilities: NDArray[np.floating]) -> Distribution:
    if not len(probabilities):
        return Distribution(kind, 0, (), ())
    clipped = np.clip(probabilities.astype(np.float64), 1e-12, 1 - 1e-12)
    log_odds = np.clip(np.log(clipped) - np.log1p(-clipped), EDGES[0], EDGES[-1])
    counts, _ = np.histogram(log_odds, EDGES)
    quantiles = np.quantile(probabilities, QUANTILES)
    return Distribution(
        kind, len(probabilities), tuple(quantiles.tolist()), tuple((counts / len(probabilities)).tolist())
    )


def _mean(values_K: Floats) -> float:
    defined = values_K[~np.isnan(values_K)]
    return float(defined.mean()) if len(defined) else float("nan")
