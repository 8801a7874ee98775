"""A portion of the training cases, for few-shot learning (section 5.2.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import CaseRecord


@dataclass(frozen=True)
class Portion:
    """How much of the training part is used: a share or a number of cases.

    Attributes:
        share: Of the training cases; 1 for all.
        cases: A number instead; 0 means by share.
    """

    share: float = 1.0
    cases: int = 0

    def of(self, cases: int) -> int:
        """How many of so many training cases.

        Raises:
            ConfigError: There are not that many.
        """
        if self.cases > cases:
            raise ConfigError(f"a portion of n{self.cases} cases was asked for, but there are {cases} training cases")
        return self.cases or max(1, round(self.share * cases))

    @property
    def folder_name(self) -> str:
        """For the folder of its runs."""
        return f"n{self.cases}" if self.cases else f"{100 * self.share:g}_percent"

    def __str__(self) -> str:
        return f"n={self.cases}" if self.cases else f"{100 * self.share:g}%"


def parse_portion(text: str) -> Portion:
    """A portion from text: "10" or "10%" of the training cases, or "n571" cases.

    Raises:
        ConfigError: It is neither, or out of range.
    """
    try:
        if text.startswith("n"):
            portion = Portion(cases=int(text[1:]))
            usable = portion.cases > 0
        else:
            portion = Portion(share=float(text.removesuffix("%")) / 100)
            usable = 0 < portion.share <= 1
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"a portion is a percentage up to 100, such as 10, or a number of cases, such as n571: {text!r}"
        )
    return portion


def training_portion(records: Sequence[CaseRecord], portion: Portion, seed: int = 0) -> list[CaseRecord]:
    """The cases with only a portion of those of "train"; the other splits stay whole.

    The disorders keep their shares, each has at least one case where the number allows, cases of one patient with the
    same disorders follow one another, and a smaller portion is part of a larger one.

    Args:
        records: With splits.
        portion: How much of the training part.
        seed: Of the order in which cases are taken.
    """
    training = [place for place, record in enumerate(records) if record.split == "train"]
    wanted = portion.of(len(training))
    if wanted == len(training):
        return list(records)
    taken = set(_order(records, training, seed)[:wanted])
    return [record for place, record in enumerate(records) if record.split != "train" or place in taken]


def _order(records: Sequence[CaseRecord], training: Sequence[int], seed: int) -> list[int]:
    """The training cases in the order in which portions take them."""
    generator = np.random.default_rng(seed)
    strata: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place in training:
        record = records[place]
        # The patient, or the case where none is named.
        strata[tuple(sorted(record.disorders))][record.patient_id or f"case {record.case_id}"].append(place)
    # Each stratum runs evenly from 0 to 1, so that any beginning of the whole holds its share; the first of each lead.
    ranked: list[tuple[float, float, int]] = []
    for name in sorted(strata):
        patients = list(strata[name].values())
        cases = [place for which in generator.permutation(len(patients)) for place in patients[which]]
        for position, place in enumerate(cases):
            ranked.append((0.0 if position == 0 else position / len(cases), generator.random(), place))
    return [place for _, _, place in sorted(ranked)]
