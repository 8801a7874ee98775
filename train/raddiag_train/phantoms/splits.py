"""Training, validation and test parts of a set of phantoms, with every disorder in each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import SPLITS


def stratified_splits(
    labels: Sequence[tuple[str, ...]], fractions: tuple[float, float, float], rng: np.random.Generator
) -> list[str]:
    """A split for every case.

    Cases are grouped by their rarest disorder, and each group is dealt out in the given proportions.

    Args:
        labels: The disorders of each case.
        fractions: Of "train", "validation" and "test"; together 1.
        rng: Decides which case goes where.

    Raises:
        ConfigError: The fractions are negative or do not sum to 1.
    """
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ConfigError(f"split fractions {fractions}: give three that are not negative and sum to 1")
    frequency = Counter(disorder for disorders in labels for disorder in disorders)
    rarest = [min(disorders, key=lambda name: (frequency[name], name)) for disorders in labels]
    order = sorted(rng.permutation(len(labels)).tolist(), key=lambda index: rarest[index])
    # Dealing the sorted cases out by an evenly spread sequence gives each group its share to within one case.
    splits = [""] * len(labels)
    dealt = np.zeros(len(SPLITS))
    for count, index in enumerate(order, 1):
        split = int(np.argmax(np.asarray(fractions) * count - dealt))
        dealt[split] += 1
        splits[index] = SPLITS[split]
    return splits
