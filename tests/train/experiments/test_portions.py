"""Portions of a training part."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from raddiag_engine.cases import Anatomy
from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.experiments.portions import Portion, parse_portion, training_portion


def cases(patients: bool = False) -> list[CaseRecord]:
    """300 training cases, a third with a rare disorder's share of 1 in 100; 40 of the other parts."""
    made = []
    for number in range(340):
        name = "Rare" if number % 100 == 7 else "Common" if number % 3 else "Normal"
        split = "train" if number < 300 else "validation" if number < 320 else "test"
        patient = f"patient-{number // 4}" if patients else ""
        scans = (ScanRecord(Path(f"/{number}.png")),)
        made.append(CaseRecord(f"case-{number}", patient, Anatomy.CHEST, split, scans, (name,)))
    return made


def of_training(records: list[CaseRecord]) -> set[str]:
    return {record.case_id for record in records if record.split == "train"}


@pytest.mark.parametrize(("text", "of_5712"), [("10", 571), ("1%", 57), ("n571", 571), ("100", 5712), ("0.001", 1)])
def test_portion_is_a_share_or_a_number(text: str, of_5712: int) -> None:
    assert parse_portion(text).of(5712) == of_5712


@pytest.mark.parametrize("text", ["0", "101", "ten", "n0", "n", "-3", "nan", ""])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="percentage"):
        parse_portion(text)


def test_more_cases_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigError, match="300 training cases"):
        training_portion(cases(), Portion(cases=301))


def test_a_smaller_portion_is_part_of_a_larger_one_and_other_parts_stay_whole() -> None:
    records = cases()
    taken = [of_training(training_portion(records, Portion(share))) for share in (0.01, 0.1, 0.3, 1.0)]
    assert [len(ids) for ids in taken] == [3, 30, 90, 300]
    assert all(smaller < larger for smaller, larger in pairwise(taken))
    assert len(training_portion(records, Portion(0.1))) == 30 + 40


def test_every_disorder_is_there_and_shares_stay() -> None:
    few = [record for record in training_portion(cases(), Portion(0.3)) if record.split == "train"]
    counts = Counter(record.disorders[0] for record in few)
    assert counts["Rare"] >= 1
    assert abs(counts["Common"] / 90 - 198 / 300) < 0.03
    assert {r.disorders[0] for r in training_portion(cases(), Portion(cases=3)) if r.split == "train"} == {
        "Rare",
        "Common",
        "Normal",
    }


def test_the_same_seed_takes_the_same_cases() -> None:
    assert of_training(training_portion(cases(), Portion(0.1), 3)) == of_training(
        training_portion(cases(), Portion(0.1), 3)
    )
    assert of_training(training_portion(cases(), Portion(0.1), 3)) != of_training(
        training_portion(cases(), Portion(0.1), 4)
    )
