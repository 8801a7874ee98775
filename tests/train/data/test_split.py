"""Splits: no patient in two, labels dealt out evenly, the same for the same seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raddiag_engine.errors import ConfigError
from raddiag_train.data.patient_groups import inseparable_groups
from raddiag_train.data.records import SPLITS, CaseRecord
from raddiag_train.data.split import parse_ratio, split_records
from tests.train.data.made_up_images import case

RATIO = (0.7, 0.1, 0.2)


def cases_by_patient(seed: int, patients: int) -> tuple[list[CaseRecord], np.ndarray]:
    generator = np.random.default_rng(seed)
    records: list[CaseRecord] = []
    groups: list[int] = []
    for patient in range(patients):
        for _ in range(generator.integers(1, 5)):
            disorders = generator.choice(["A", "B", "C", "D"], p=[0.6, 0.25, 0.1, 0.05])
            records.append(case(len(records), str(disorders), patient=f"p{patient}", split=""))
            groups.append(patient)
    return records, np.array(groups)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 60))
def test_no_patient_lies_in_two_splits(seed: int, patients: int) -> None:
    records, groups = cases_by_patient(seed, patients)
    splits = defaultdict(set)
    for record in split_records(records, groups, RATIO, seed):
        splits[record.patient_id].add(record.split)
        assert record.split in SPLITS
    assert all(len(found) == 1 for found in splits.values())


def test_every_disorder_is_dealt_out_by_the_ratio_in_every_source() -> None:
    records = [
        case(n, "Normal" if n % 3 else "Rare", split="", source="small" if n % 10 == 0 else "large") for n in range(600)
    ]
    counts = Counter(
        (record.source, record.disorders[0], record.split) for record in split_records(records, np.arange(600), RATIO)
    )
    for source, name, total in [("small", "Rare", 20), ("small", "Normal", 40), ("large", "Rare", 180)]:
        for split, share in zip(SPLITS, RATIO, strict=True):
            assert abs(counts[source, name, split] - share * total) <= 1


def test_every_label_of_cases_with_several_is_dealt_out_far_better_than_by_chance() -> None:
    generator = np.random.default_rng(3)
    share = 1 / np.arange(1, 81)
    records = [
        case(
            n, *(f"D{k}" for k in generator.choice(80, generator.integers(1, 5), False, share / share.sum())), split=""
        )
        for n in range(2000)
    ]
    divided = split_records(records, np.arange(2000), RATIO)
    by_chance = [replace(r, split=str(generator.choice(SPLITS, p=RATIO))) for r in records]
    totals = Counter(name for r in records for name in r.disorders)

    def deviation(of_records: list[CaseRecord]) -> float:
        """Mean distance, in cases, of what a split has of a label from its share."""
        counts = Counter((name, r.split) for r in of_records for name in r.disorders)
        return float(
            np.mean([abs(counts[n, s] - q * totals[n]) for n in totals for s, q in zip(SPLITS, RATIO, strict=True)])
        )

    assert deviation(divided) < 0.5
    assert deviation(divided) < deviation(by_chance) / 3


def test_large_groups_are_spread_over_the_splits() -> None:
    groups = np.repeat(np.arange(200), 5)
    records = [case(n, "A", split="") for n in range(1000)]
    counts = Counter(record.split for record in split_records(records, groups, RATIO))
    assert [counts[split] for split in SPLITS] == pytest.approx([700, 100, 200], abs=5)


def test_the_same_seed_gives_the_same_split_and_another_another() -> None:
    records, groups = cases_by_patient(0, 80)
    first = split_records(records, groups, RATIO, 1)
    assert first == split_records(records, groups, RATIO, 1)
    assert first != split_records(records, groups, RATIO, 2)


def test_a_share_of_nothing_gets_no_case() -> None:
    records = [case(n, "A", split="") for n in range(10)]
    assert {r.split for r in split_records(records, np.arange(10), (0.8, 0.2, 0.0))} == {"train", "validation"}


def test_kept_cases_stay_and_bring_their_group() -> None:
    records = [case(0, "A", split="test"), *(case(n, "A", split="") for n in range(1, 40))]
    groups = np.array([0, 0, *range(1, 39)])
    kept = split_records(records, groups, (1.0, 0.0, 0.0), keep=True)
    assert [record.split for record in kept] == ["test", "test"] + ["train"] * 38


def test_one_patient_over_two_splits_is_refused() -> None:
    records = [case(0, "A", split="test"), case(1, "A", split="train")]
    with pytest.raises(ConfigError, match=r"case-0 \(test\) and case-1 \(train\).*one patient must not lie in two"):
        split_records(records, np.array([4, 4]), RATIO, keep=True)


@pytest.mark.parametrize("text", ["7:1:2", "0.7,0.1,0.2"])
def test_ratios_are_read_in_either_form(text: str) -> None:
    assert parse_ratio(text) == pytest.approx(RATIO)


@pytest.mark.parametrize("text", ["7:3", "a:b:c", "0:1:1", "7:-1:2", "inf:1:1", ""])
def test_a_wrong_ratio_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 7:1:2"):
        parse_ratio(text)


def test_one_id_in_two_sources_is_two_patients() -> None:
    sources = ["one", "one", "two", "two"]
    records = [case(n, "A", patient="1", split="", source=source) for n, source in enumerate(sources)]
    first, second, third, fourth = inseparable_groups(records)
    assert first == second
    assert third == fourth
    assert first != third
