"""The stages and what is left after each, drawn as in figure 2 (b)."""

from __future__ import annotations

from pathlib import Path

from raddiag_train.collection.counts import Counts, StageCount
from raddiag_train.evaluation.plots.sheet import COLOURS, sheet

_HEIGHT_IN_A_STAGE = 1.1


def plot_counts(path: Path, counts: Counts) -> None:
    """Write a PNG: bars of the normal and abnormal cases that each stage leaves, with the figures beside them."""
    with sheet(path, 1, height_in=1.2 + _HEIGHT_IN_A_STAGE * len(counts.stages)) as (axis,):
        axis.figure.set_figwidth(9)
        most = max(stage.cases for stage in counts.stages)
        for place, stage in enumerate(counts.stages):
            labels = ("_", "_") if place else ("abnormal cases", "normal cases")
            axis.barh(place, stage.abnormal_cases, color=COLOURS[0], label=labels[0])
            axis.barh(place, stage.normal_cases, left=stage.abnormal_cases, color=COLOURS[2], label=labels[1])
            axis.text(stage.cases, place, f" {_figures(stage, place == 0)}", va="center", fontsize=8)
        axis.set_yticks(range(len(counts.stages)), [stage.stage for stage in counts.stages])
        axis.invert_yaxis()
        axis.set_xlim(0, 1.7 * most)
        axis.set_xlabel("cases")
        axis.legend(fontsize=8, loc="lower right")
        axis.spines[["top", "right"]].set_visible(False)


def _figures(stage: StageCount, unfiltered: bool) -> str:
    labels = f"{stage.articles:,} {'articles' if unfiltered else 'disorders'}"
    categories = "" if stage.categories is None else f", {stage.categories:,} categories"
    return f"{stage.cases:,} cases, {stage.images:,} images\n {labels}{categories}"
