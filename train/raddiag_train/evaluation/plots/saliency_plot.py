"""Figure 4b: the key frame of each scan of a case, plain and with what speaks for a disorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.plots.sheet import sheet

MOST_OPACITY = 0.6


@dataclass(frozen=True, eq=False)
class KeyFrame:
    """One slice of a scan, as displayed.

    Attributes:
        title: Modality, slice and whether it is the data set's key slice.
        grey: (row, column) in [0, 1].
        evidence: (row, column) in [0, 1], one scale for the whole case.
        aspect: Height of a pixel over its width.
    """

    title: str
    grey: NDArray[np.float32]
    evidence: NDArray[np.float32]
    aspect: float


def plot_key_frames(path: Path, frames: Sequence[KeyFrame], title: str) -> None:
    """Two panels a frame, plain and overlaid, a row a scan."""
    with sheet(path, 2 * len(frames), columns=2) as axes:
        axes[0].figure.suptitle(f"{title}\nResearch use only. Not for clinical use.", fontsize=10)
        for frame, (plain, overlaid) in zip(frames, zip(axes[::2], axes[1::2], strict=True), strict=True):
            for axis in (plain, overlaid):
                axis.imshow(frame.grey, cmap="gray", vmin=0, vmax=1, aspect=frame.aspect)
                axis.set_axis_off()
            opacity = MOST_OPACITY * frame.evidence.clip(0, 1)  # little evidence is hardly seen, as it should be
            overlaid.imshow(frame.evidence, cmap="hot", vmin=0, vmax=1, alpha=opacity, aspect=frame.aspect)
            plain.set_title(frame.title, fontsize=9)
