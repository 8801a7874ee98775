"""Label spaces of the experiments."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.cases import Anatomy
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.experiments.case_levels import at_level, most_frequent, within_training_labels


def case(number: int, disorders: tuple[str, ...], codes: tuple[str, ...] = (), split: str = "train") -> CaseRecord:
    scans = (ScanRecord(Path(f"/{number}.png")),)
    return CaseRecord(f"case-{number}", "", Anatomy.CHEST, split, scans, disorders, codes)


CASES = [
    case(0, ("Nodule", "Effusion"), ("R91.1", "J90")),
    case(1, ("Nodule",), ("R91.1",)),
    case(2, ("Ground glass",), ("R91.8",)),
    case(3, ("Normal",), ("",)),
    case(4, ("Unnamed shadow",)),
    case(5, ("Nodule", "Abscess"), ("R91.1", "J85.2"), "test"),
    case(6, ("Abscess",), ("J85.2",), "test"),
]


def test_icd10cm_level_has_categories_and_no_cases_without_code() -> None:
    found = {record.case_id: record for record in at_level(CASES, "icd10cm")}
    assert found.keys() == {"case-0", "case-1", "case-2", "case-3", "case-5", "case-6"}
    assert found["case-0"].icd10cm == ("R91", "J90")
    assert found["case-1"].disorders == found["case-2"].disorders  # R91.1 and R91.8 are one category
    assert found["case-3"].disorders == ("Normal",)
    assert at_level(CASES, "disorder") == CASES


def test_the_subset_has_the_most_frequent_disorders_of_the_training_part_alone() -> None:
    subset = most_frequent(CASES, 1)
    assert {record.disorders for record in subset} == {("Nodule",)}
    assert [record.case_id for record in subset] == ["case-0", "case-1", "case-5"]
    assert subset[0].icd10cm == ("R91.1",)


def test_the_subset_leaves_normal_out_however_frequent() -> None:
    many = [*CASES, *(case(10 + number, ("Normal",)) for number in range(9))]
    assert all("Normal" not in record.disorders for record in most_frequent(many, 4))


def test_classes_of_the_test_part_alone_are_left_out() -> None:
    kept = {record.case_id: record.disorders for record in within_training_labels(CASES)}
    assert kept["case-5"] == ("Nodule",)
    assert "case-6" not in kept
    assert len(kept) == 6
