"""Reliability curves before and after calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raddiag_train.evaluation.plots.sheet import COLOURS, sheet
from raddiag_train.evaluation.reliability import Reliability
from raddiag_train.evaluation.roc_vertices import Floats

Z_95 = 1.96


def plot_reliability(path: Path, panels: Sequence[tuple[str, dict[str, Reliability]]]) -> None:
    """One panel a group of classes, with a curve a condition ("uncalibrated", "calibrated").

    A marker's area grows with the logarithm of the cases in its bin; whiskers are Wilson's 95 % of the share.
    """
    with sheet(path, len(panels)) as axes:
        for axis, (title, curves) in zip(axes, panels, strict=True):
            axis.plot([0, 1], [0, 1], color="0.7", lw=0.8, ls=":")
            for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
                label = f"{name}: ECE {curve.expected_calibration_error:.4f}, Brier {curve.brier:.4f}"
                axis.plot(curve.predicted, curve.observed, color=colour, lw=1.5, label=label)
                axis.scatter(curve.predicted, curve.observed, 8 + 8 * np.log10(curve.count), color=colour)
                axis.vlines(curve.predicted, *_wilson(curve), color=colour, lw=0.8, alpha=0.6)
            axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted probability", ylabel="share of positives")
            axis.set_title(title, fontsize=10)
            axis.legend(loc="upper left", fontsize=8)
            axis.grid(alpha=0.3)


def _wilson(curve: Reliability) -> tuple[Floats, Floats]:
    """Ends of the 95 % interval of each bin's share."""
    share, count = np.array(curve.observed), np.array(curve.count)
    centre = (share + Z_95**2 / (2 * count)) / (1 + Z_95**2 / count)
    half = Z_95 / (1 + Z_95**2 / count) * np.sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    return centre - half, centre + half
