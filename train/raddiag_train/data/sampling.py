"""Which cases an epoch holds, in which order; a pure function of the seed and the epoch, so that resume is exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ConfigError
from raddiag_train.data.case_labels import CaseLabels


@dataclass(frozen=True, eq=False)
class EpochSampler:
    """Draws the batches of an epoch.

    Attributes:
        expected_N: How often each case is to be seen in an epoch, on average; ones for plain epochs.
        batch_size: Cases of a batch, on one process.
        seed: Of the whole run.
        rank: This process.
        processes: All processes; together they see each epoch once.
    """

    expected_N: NDArray[np.float64]
    batch_size: int
    seed: int = 0
    rank: int = 0
    processes: int = 1

    def epoch(self, epoch: int) -> NDArray[np.int64]:
        """Case indices of an epoch over all processes.

        A case expected x times comes floor(x) or ceil(x) times (systematic sampling), in random order.
        """
        generator = np.random.default_rng((self.seed, epoch))
        order = generator.permutation(len(self.expected_N))
        edges = np.concatenate([[0.0], np.cumsum(self.expected_N[order])]) + generator.random()
        steps = np.floor(np.round(edges, 9)).astype(np.int64)
        indices = np.repeat(order, steps[1:] - steps[:-1])
        return generator.permutation(indices)

    def batches_per_epoch(self) -> int:
        """Batches of this process in an epoch; the incomplete last one is left out, unless it is the only one."""
        # Systematic sampling may give one case fewer than the sum; the count must hold for every epoch.
        cases = int(np.floor(np.round(self.expected_N.sum(), 9)))
        return max(1, cases // (self.batch_size * self.processes))

    def batches(self, epoch: int, start: int = 0) -> Iterator[list[int]]:
        """The batches of an epoch for this process, from number `start`: a batch sampler for a DataLoader."""
        indices = self.epoch(epoch)
        whole = self.batch_size * self.processes
        for number in range(start, self.batches_per_epoch()):
            batch = indices[number * whole : (number + 1) * whole][self.rank :: self.processes]
            yield [int(index) for index in batch]


def repeat_factors(labels: CaseLabels, threshold: float = 1e-3) -> NDArray[np.float64]:
    """How often each case is seen under repeat-factor sampling (Gupta, Dollar and Girshick, LVIS, CVPR 2019).

    A class in a share f of the cases has the factor max(1, sqrt(threshold / f)), a case the largest of its classes.

    Args:
        labels: Of the N cases.
        threshold: Share below which a class is repeated.

    Returns:
        (N,), 1 for a case of frequent classes only.
    """
    share_K = np.maximum(labels.positives(), 1.0) / max(1, len(labels))
    return labels.largest(np.sqrt(threshold / share_K), otherwise=1.0)


def case_factors(
    sources: Sequence[str], labels: CaseLabels, weights: Mapping[str, float], repeat_threshold: float
) -> NDArray[np.float64]:
    """How often each case is seen in an epoch, on average, by its source and by how rare its disorders are.

    Repeats lengthen the epoch, as in LVIS. Where sources have weights, cases are repeated within their source only, so
    that its share of the epoch stays what the weights say.

    Args:
        sources: Source of each case.
        labels: Of the same cases.
        weights: As for `source_factors`.
        repeat_threshold: As for `repeat_factors`; 0 repeats none.

    Raises:
        ConfigError: As `source_factors`.
    """
    by_source_N = source_factors(sources, weights)
    if repeat_threshold <= 0:
        return by_source_N
    repeats_N = repeat_factors(labels, repeat_threshold)
    if not weights:
        return repeats_N
    names = np.array(sources)
    factors_N = by_source_N * repeats_N.mean()
    for source in dict.fromkeys(sources):
        own = names == source
        factors_N[own] *= repeats_N[own] / repeats_N[own].mean()
    return factors_N


def source_factors(
    sources: Sequence[str], weights: Mapping[str, float], cases_per_epoch: int | None = None
) -> NDArray[np.float64]:
    """How often each case is seen if the sources share an epoch by weight.

    Args:
        sources: Source of each case.
        weights: Source -> its share of the epoch, in any unit; a source that is not named takes its share by size.
        cases_per_epoch: Length of the epoch; None for the number of cases.

    Raises:
        ConfigError: A weight for a source that no case has, or no weight above 0.
    """
    sizes = Counter(sources)
    unknown = sorted(set(weights) - set(sizes))
    if unknown:
        raise ConfigError(f"a weight is given for {unknown[0]!r}; the sources are {', '.join(sorted(sizes))}")
    if any(weight < 0 for weight in weights.values()):
        raise ConfigError("a source's weight is negative")
    named = sum(sizes[source] for source in weights)
    total = sum(weights.values())
    if total <= 0 and named == len(sources):
        raise ConfigError("every source has the weight 0")
    length = len(sources) if cases_per_epoch is None else cases_per_epoch
    share = {source: size / len(sources) for source, size in sizes.items()}
    for source, weight in weights.items():
        share[source] = weight / total * named / len(sources) if total > 0 else 0.0
    scale = length / sum(share.values())
    return np.array([share[source] / sizes[source] * scale for source in sources])
