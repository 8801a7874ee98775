"""Single-label accuracy of a data set: is the most probable disorder of its own label space the right one?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label_space(targets_NK: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the disorders that occur in the cases of a data set, Normal included."""
    return np.flatnonzero(targets_NK.any(0))


def correct_cases(
    scores_NK: NDArray[np.floating], targets_NK: NDArray[np.bool_], space: NDArray[np.intp] | None = None
) -> NDArray[np.bool_]:
    """Whether the highest score within the label space is a disorder of the case, (N,).

    Args:
        scores_NK: (cases, classes) logits or probabilities.
        targets_NK: (cases, classes).
        space: Indices of the classes to choose from; those that occur in `targets_NK` by default.
    """
    space = label_space(targets_NK) if space is None else space
    best_N = space[scores_NK[:, space].argmax(1)]
    return targets_NK[np.arange(len(targets_NK)), best_N]
