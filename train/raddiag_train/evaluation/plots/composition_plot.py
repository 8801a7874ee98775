"""Figures 4 to 6 of the paper for any data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from raddiag_train.data.composition import TIERS, Composition, Share
from raddiag_train.evaluation.plots.sheet import COLOURS, sheet

MOST_IMAGES_SHOWN = 30
LEAST_SHOWN = 0.8  # below one case, so that the classes of one case are seen on the logarithmic axis


def plot_composition(folder: Path, found: Composition) -> list[Path]:
    """Write modalities.png (figure 4), anatomies.png (5) and long_tail.png (6)."""
    paths = [folder / "modalities.png", folder / "anatomies.png", folder / "long_tail.png"]
    for path, parts, what in ((paths[0], found.modalities, "modalities"), (paths[1], found.anatomies, "anatomies")):
        with sheet(path, len(parts)) as axes:
            for axis, (part, shares) in zip(axes, parts.items(), strict=True):
                _bars(axis, shares, f"{what} of {part} cases")
    with sheet(paths[2], 1 + len(found.long_tails)) as axes:
        _images_per_case(axes[0], found)
        for axis, tail in zip(axes[1:], found.long_tails, strict=True):
            _tail(axis, tail.cases, tail.classes, tail.level)
    return paths


def _bars(axis: Any, shares: tuple[Share, ...], title: str) -> None:
    axis.set_title(title, fontsize=10)
    if not shares:
        axis.text(0.5, 0.5, "none", ha="center", va="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    places = np.arange(len(shares))[::-1]
    axis.barh(places, [share.cases for share in shares], color=COLOURS[0])
    axis.set_yticks(places, [share.name for share in shares])
    for place, share in zip(places, shares, strict=True):
        axis.text(share.cases, place, f" {share.cases:,} ({share.share:.1%})", va="center", fontsize=8)
    axis.set_xlim(0, 1.35 * max(share.cases for share in shares))
    axis.set_xlabel("cases")


def _images_per_case(axis: Any, found: Composition) -> None:
    counts = np.zeros(MOST_IMAGES_SHOWN)
    for number, cases in found.images_per_case.items():
        counts[min(number, MOST_IMAGES_SHOWN) - 1] += cases
    last = int(np.flatnonzero(counts).max(initial=0)) + 1
    axis.bar(np.arange(1, last + 1), counts[:last], color=COLOURS[0])
    axis.set(xlabel=f"images in a case ({MOST_IMAGES_SHOWN} or more together)", ylabel="cases")
    axis.set_title("images a case", fontsize=10)


def _tail(axis: Any, cases: tuple[int, ...], classes: dict[str, int], level: str) -> None:
    start = 0
    for tier, colour in zip(TIERS, COLOURS, strict=False):
        stop = start + classes[tier]
        if stop > start:
            label = f"{tier}: {classes[tier]:,} classes"
            edges = np.arange(start, stop + 1) + 0.5
            axis.stairs(cases[start:stop], edges, baseline=LEAST_SHOWN, fill=True, color=colour, label=label)
        start = stop
    if cases:
        axis.set_yscale("log")
        axis.set_ylim(bottom=LEAST_SHOWN)
        axis.legend(fontsize=8)
    axis.set(xlabel="classes, by number of cases", ylabel="cases")
    axis.set_title(f"long tail: {level}", fontsize=10)
