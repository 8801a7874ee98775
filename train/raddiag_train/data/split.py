"""Cases into training, validation and test parts: by patient, alike in their labels, repeatable by seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import SPLITS, CaseRecord


def parse_ratio(text: str) -> tuple[float, float, float]:
    """Shares of training, validation and test from text such as "7:1:2" or "0.7,0.1,0.2", scaled to a sum of 1.

    Raises:
        ConfigError: Not three numbers from 0 up, or no share for training.
    """
    try:
        shares = [float(part) for part in text.replace(",", ":").split(":")]
    except ValueError:
        shares = []
    if len(shares) != 3 or not all(0 <= share < float("inf") for share in shares) or shares[0] <= 0:
        raise ConfigError(f"a ratio is three numbers for training:validation:test, such as 7:1:2, not {text!r}")
    total = sum(shares)
    return shares[0] / total, shares[1] / total, shares[2] / total


def split_records(
    records: Sequence[CaseRecord],
    groups: NDArray[np.int64],
    ratio: tuple[float, float, float],
    seed: int = 0,
    *,
    keep: bool = False,
) -> list[CaseRecord]:
    """The same cases, each in one of the splits train, validation and test.

    Stratification after Sechidis et al. (2011) over whole groups: the rarest disorder is dealt out first, each group to
    the split that lacks most of it. Disorders are counted a source, so that "Normal" is
    dealt out evenly in each.

    Args:
        records: The cases.
        groups: (N,) of `inseparable_groups`.
        ratio: Shares of the splits.
        seed: Decides between equals.
        keep: Leave cases that have a split where they are, and bring their groups to them.

    Raises:
        ConfigError: With `keep`: the cases of one group already lie in two splits.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[int(group)].append(index)
    labels = {group: Counter(_strata(records, cases)) for group, cases in members.items()}
    home = _kept_homes(records, members) if keep else {}
    _deal(labels, home, ratio, np.random.default_rng(seed))
    return [replace(record, split=SPLITS[home[int(group)]]) for record, group in zip(records, groups, strict=True)]


def split_by_image(
    records: Sequence[CaseRecord], ratio: tuple[float, float, float], seed: int = 0, *, keep: bool = False
) -> list[CaseRecord]:
    """As `split_records`, each case by itself, near-duplicates too: to show what that does to the figures.

    Raises:
        ConfigError: A case names its patient. Such a set is never split by image.
    """
    _refuse_by_image(records)
    return split_records(records, np.arange(len(records), dtype=np.int64), ratio, seed, keep=keep)


def _refuse_by_image(records: Sequence[CaseRecord]) -> None:
    named = [record for record in records if record.patient_id]
    if named:
        raise ConfigError(
            f"{len(named)} of {len(records)} cases name their patient, the first {named[0].case_id}: images of one "
            "patient in two splits make a model look better than it is; split by patient"
        )


def with_validation(
    records: Sequence[CaseRecord],
    ratio: tuple[float, float, float],
    split: Callable[[Sequence[CaseRecord], tuple[float, float, float]], Sequence[CaseRecord]],
) -> list[CaseRecord]:
    """The cases of an official split that has no validation part, with one taken from its training part.

    Args:
        records: Cases in "train" and "test".
        ratio: The share of validation is that against training, such as 1 of 8 for 7:1:2.
        split: Divides cases by a ratio, by patient.
    """
    training, validation, _ = ratio
    shares = (training / (training + validation), validation / (training + validation), 0.0)
    part = [replace(record, split="") for record in records if record.split == "train"]
    divided = iter(split(part, shares))
    return [next(divided) if record.split == "train" else record for record in records]


Stratum = tuple[str, str]


def _strata(records: Sequence[CaseRecord], cases: Sequence[int]) -> list[Stratum]:
    return [(records[case].source, name) for case in cases for name in records[case].disorders]


def _kept_homes(records: Sequence[CaseRecord], members: dict[int, list[int]]) -> dict[int, int]:
    home: dict[int, int] = {}
    for group, cases in members.items():
        of_split = {records[case].split: records[case].case_id for case in cases if records[case].split}
        if len(of_split) > 1:
            (first, one), (second, other), *_ = of_split.items()
            raise ConfigError(
                f"cases {one} ({first}) and {other} ({second}) are of one patient or near-duplicates; "
                "one patient must not lie in two splits: split again without --keep"
            )
        if of_split:
            home[group] = SPLITS.index(next(iter(of_split)))
    return home


def _deal(
    labels: dict[int, Counter[Stratum]],
    home: dict[int, int],
    ratio: tuple[float, float, float],
    generator: np.random.Generator,
) -> None:
    """Give every group a split, in `home`."""
    shares = np.array(ratio)
    totals: Counter[Stratum] = Counter()
    groups_of: dict[Stratum, list[int]] = defaultdict(list)
    for group, counts in labels.items():
        totals.update(counts)
        for stratum in counts:
            groups_of[stratum].append(group)
    lacking = {stratum: shares * count for stratum, count in totals.items()}
    lacking_cases = shares * sum(totals.values())

    def settle(group: int, split: int) -> None:
        home[group] = split
        for stratum, count in labels[group].items():
            lacking[stratum][split] -= count
        lacking_cases[split] -= sum(labels[group].values())

    for group, split in list(home.items()):
        settle(group, split)
    order = {group: int(place) for group, place in zip(labels, generator.permutation(len(labels)), strict=True)}
    # Larger groups first: a small one can still even out what they left uneven.
    for stratum in sorted(totals, key=lambda s: (totals[s], s)):
        waiting = [group for group in groups_of[stratum] if group not in home]
        for group in sorted(waiting, key=lambda g: (-sum(labels[g].values()), order[g])):
            settle(group, _neediest(lacking[stratum], lacking_cases, labels[group][stratum], shares))


def _neediest(
    lacking: NDArray[np.float64], lacking_cases: NDArray[np.float64], size: int, shares: NDArray[np.float64]
) -> int:
    """The split that a group of `size` cases goes to.

    Where it fits, the split that lacks most for its size, so that large groups are spread like small ones and no
    split is left with singles only; where it fits nowhere, the one that lacks most.
    """
    candidates = np.flatnonzero((shares > 0) & (lacking >= size - 1e-9))
    if len(candidates):
        need = lacking[candidates] / shares[candidates]
    else:
        candidates = np.flatnonzero(shares > 0)
        need = lacking[candidates]
    best = candidates[np.isclose(need, need.max())]
    return int(best[np.argmax(lacking_cases[best])])
