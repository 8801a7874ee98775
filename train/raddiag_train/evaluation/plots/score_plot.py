"""Histograms of the scores of positives against intra- and inter-anatomy negatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from raddiag_train.evaluation.plots.sheet import COLOURS, sheet
from raddiag_train.evaluation.score_distributions import EDGES, GroupDistributions


def plot_score_distributions(path: Path, groups: Sequence[GroupDistributions]) -> None:
    """One panel a class or tier; the axis is the log-odds of the probability."""
    with sheet(path, len(groups)) as axes:
        for axis, group in zip(axes, groups, strict=True):
            for of_kind, colour in zip(group.distributions, COLOURS, strict=False):
                if of_kind.count:
                    label = f"{of_kind.kind} ({of_kind.count:,})"
                    axis.stairs(of_kind.histogram, EDGES, color=colour, fill=True, alpha=0.35, label=label)
                    axis.stairs(of_kind.histogram, EDGES, color=colour, lw=1.2)
            figures = [("intra", group.auc_intra), ("inter", group.auc_inter)]
            known = [f"{name} {value:.3f}" for name, value in figures if not math.isnan(value)]
            axis.set(xlabel="log-odds of the probability", ylabel="share of the cases")
            axis.set_title(f"{group.name}; AUC {', '.join(known)}" if known else group.name, fontsize=10)
            axis.legend(fontsize=8)
            axis.grid(alpha=0.3)
