"""How far annotators agree beyond chance: Cohen's kappa of two (1960), Fleiss' of any number (1971)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.icd10cm import icd10cm
from raddiag_train.collection.code_sheet import NO_CODE

Codes = Mapping[str, Mapping[str, str]]  # annotator -> item -> code


@dataclass(frozen=True)
class PairAgreement:
    """Of two annotators.

    Attributes:
        annotators: Their names.
        items: That both have coded.
        agreed: Share of equal codes.
        kappa: Cohen's; None where chance alone would make them agree always.
    """

    annotators: tuple[str, str]
    items: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """Of all annotators, at one level of the codes.

    Attributes:
        level: "codes", or "categories", where J93.0 and J93.9 are the same.
        items: Coded by as many annotators as were asked.
        annotators_per_item: So many.
        agreed: Share of items on which all agree.
        kappa: Fleiss'; None where it is undefined.
        pairs: Annotators who share items.
    """

    level: str
    items: int
    annotators_per_item: int
    agreed: float
    kappa: float | None
    pairs: tuple[PairAgreement, ...]


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement of two annotators on the same items; None for no item, or if both know one answer only, the same."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} answers beside {len(second)}")
    if not first:
        return None
    answers = {answer: place for place, answer in enumerate(sorted({*first, *second}))}
    joint_AA = np.zeros((len(answers), len(answers)))
    np.add.at(joint_AA, ([answers[a] for a in first], [answers[b] for b in second]), 1 / len(first))
    return _beyond_chance(float(np.trace(joint_AA)), float(joint_AA.sum(1) @ joint_AA.sum(0)))


def fleiss_kappa(counts_NA: NDArray[np.integer]) -> float | None:
    """Agreement of several annotators, who need not be the same for each item.

    Args:
        counts_NA: How many annotators gave which answer to which item, (items, answers); equally many for each item.

    Raises:
        ValueError: They are not equally many, or fewer than two.
    """
    if not len(counts_NA):
        return None
    each_N = counts_NA.sum(1)
    annotators = int(each_N[0])
    if annotators < 2 or (each_N != annotators).any():
        raise ValueError("each item needs the same number of answers, two or more")
    agreed_N = (counts_NA * (counts_NA - 1)).sum(1) / (annotators * (annotators - 1))
    shares_A = counts_NA.sum(0) / counts_NA.sum()
    return _beyond_chance(float(agreed_N.mean()), float((shares_A**2).sum()))


def agreement_of(codes: Codes, annotators_per_item: int) -> tuple[Agreement, Agreement]:
    """Agreement on codes and on categories, over the items that have all their answers."""
    categories = {name: {item: category_of(code) for item, code in own.items()} for name, own in codes.items()}
    return (
        _agreement("codes", codes, annotators_per_item),
        _agreement("categories", categories, annotators_per_item),
    )


def category_of(code: str) -> str:
    """The first level of a code; "none" stays what it is."""
    return code if code == NO_CODE else icd10cm().roll_up(code)


def _agreement(level: str, codes: Codes, per_item: int) -> Agreement:
    by_item: dict[str, list[str]] = {}
    for own in codes.values():
        for item, code in own.items():
            by_item.setdefault(item, []).append(code)
    complete = [given for given in by_item.values() if len(given) == per_item]
    answers = {code: place for place, code in enumerate(sorted({code for given in complete for code in given}))}
    counts_NA = np.zeros((len(complete), len(answers)), dtype=np.int64)
    for row, given in enumerate(complete):
        for code in given:
            counts_NA[row, answers[code]] += 1
    agreed = float(np.mean([len(set(given)) == 1 for given in complete])) if complete else float("nan")
    pairs = tuple(pair for pair in (_pair(codes, *two) for two in combinations(sorted(codes), 2)) if pair.items)
    return Agreement(level, len(complete), per_item, agreed, fleiss_kappa(counts_NA), pairs)


def _pair(codes: Codes, first: str, second: str) -> PairAgreement:
    shared = sorted(codes[first].keys() & codes[second].keys())
    given = [codes[first][item] for item in shared], [codes[second][item] for item in shared]
    agreed = float(np.mean([a == b for a, b in zip(*given, strict=True)])) if shared else float("nan")
    return PairAgreement((first, second), len(shared), agreed, cohen_kappa(*given))


def _beyond_chance(observed: float, expected: float) -> float | None:
    if np.isclose(expected, 1.0):
        return None
    return (observed - expected) / (1 - expected)
