"""ROC curves: of tiers with their bands (figure 8 of the paper), and of chosen classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raddiag_train.evaluation.plots.sheet import COLOURS, sheet
from raddiag_train.evaluation.roc_bands import RocBand
from raddiag_train.evaluation.roc_vertices import Floats


def plot_roc_bands(path: Path, bands: Sequence[RocBand], title: str) -> None:
    """One panel a tier: the median curve, its 95 % band, and the AUC."""
    with sheet(path, len(bands), columns=4) as axes:
        for axis, band, colour in zip(axes, bands, COLOURS, strict=False):
            low, high = band.auc_interval
            label = f"AUC {band.auc:.3f} ({low:.3f}–{high:.3f})"
            axis.fill_between(
                band.false_positive_rates_G, band.low_G, band.high_G, color=colour, alpha=0.25, lw=0, label="95 %"
            )
            axis.plot(band.false_positive_rates_G, band.line_G, color=colour, lw=1.8, label=label)
            _frame(axis, f"{title}: {band.name}, {band.classes} classes")


def plot_roc_of_classes(path: Path, curves: Sequence[tuple[str, Floats, Floats]], title: str) -> None:
    """One panel with a staircase a class.

    Args:
        path: PNG.
        curves: Label, false positive rates and recalls.
        title: Above the panel.
    """
    with sheet(path, 1) as [axis]:
        for number, (label, rates, recalls) in enumerate(curves):
            style = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
            axis.plot(rates, recalls, style, color=COLOURS[number % len(COLOURS)], lw=1.5, label=label)
        _frame(axis, title)


def _frame(axis: Any, title: str) -> None:
    axis.plot([0, 1], [0, 1], color="0.7", lw=0.8, ls=":")
    axis.set(xlim=(0, 1), ylim=(0, 1.005), xlabel="false positive rate", ylabel="recall")
    axis.set_title(title, fontsize=10)
    axis.legend(loc="lower right", fontsize=8)
    axis.grid(alpha=0.3)
