"""Validation lists every fault with its case and file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raddiag_train.data.records import write_records
from raddiag_train.data.statistics import statistics_of
from raddiag_train.data.validate import faults_of, validate_file
from tests.train.data.made_up_images import case, write_picture


def test_a_sound_data_set_has_no_fault(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", 1)
    other = write_picture(tmp_path / "b.png", 2)
    records = [case(1, "A", path=path, patient="p"), case(2, "A", path=other, patient="q", split="test")]
    assert faults_of(records, deep=True) == []


def test_every_fault_is_listed_with_its_case(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", 1)
    records = [
        case(1, "A", path=path, patient="p"),
        case(2, "A", path=tmp_path / "gone.png"),
        case(3, "B", path=write_picture(tmp_path / "b.png", 2), split="test"),
        case(4, "A", path=write_picture(tmp_path / "c.png", 3), patient="p", split="test"),
        replace(case(5, "A", path=path), case_id="case-1"),
    ]
    faults = faults_of(records)
    assert [fault.line for fault in faults] == [2, 3, 4, 5]
    assert faults[0].path == tmp_path / "gone.png"
    assert "'B' is not in the label space" in faults[1].problem
    assert "line 1, of the same patient, in 'train'" in faults[2].problem
    assert "has the case_id of line 1" in faults[3].problem


def test_one_picture_in_two_splits_is_a_fault(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", 1)
    [fault] = faults_of([case(1, "A", path=path), case(2, "A", path=path, split="test")])
    assert (fault.line, fault.path) == (2, path)
    assert "by line 1 in 'train'" in fault.problem


def test_lines_that_are_no_case_are_listed_with_all_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    write_records(path, [case(1, "A", path=write_picture(tmp_path / "a.png", 1)), case(2, "B", split="test")])
    sound, missing = path.read_text(encoding="utf-8").splitlines()
    lines = [sound, "", "{oops", missing, sound.replace('"MRI"', '"MR"')]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = validate_file(path, vocabulary=["A", "Bb"])
    assert found.cases == 2
    problems = [(fault.line, fault.problem) for fault in found.faults]
    assert [line for line, _ in problems] == [3, 4, 4, 5]
    assert "not JSON" in problems[0][1]
    assert "did you mean 'Bb'?" in problems[1][1]
    assert "cannot be opened" in problems[2][1]
    assert "unknown modality 'MR'; did you mean 'MRI'?" in problems[3][1]


def test_only_a_deep_look_finds_a_truncated_file_and_a_wrong_key_slice(tmp_path: Path) -> None:
    whole = write_picture(tmp_path / "whole.png", 1)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    sound = case(2, path=whole)
    records = [case(1, path=cut), replace(sound, scans=(replace(sound.scans[0], key_slice=1),))]
    assert faults_of(records) == []
    truncated, key_slice = faults_of(records, deep=True)
    assert truncated.path == cut
    assert "key_slice 1 is not among its 1 slices" in key_slice.problem


def test_labels_are_held_against_a_given_vocabulary(tmp_path: Path) -> None:
    records = [case(1, "A", path=write_picture(tmp_path / "a.png", 1))]
    assert faults_of(records, vocabulary=["A"]) == []
    assert len(faults_of(records, vocabulary=["B"])) == 1


def test_masks_must_exist_and_belong_to_a_disorder_of_the_case(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", 1)
    record = case(1, "A", path=path)
    masked = replace(record, scans=(replace(record.scans[0], masks={"A": tmp_path / "gone.npy", "B": path}),))
    problems = [fault.problem for fault in faults_of([masked])]
    assert problems == [
        "the lesion mask of 'A' is missing",
        "there is a lesion mask of 'B', which the case does not list",
    ]


def test_statistics_count_cases_by_disorder_and_split() -> None:
    records = [
        case(1, "A", patient="p", icd10cm=("C1",)),
        case(2, "A", "B", patient="p"),
        case(3, "B", split="test"),
        case(4, split="test"),
    ]
    statistics = statistics_of(records)
    assert statistics.splits == ("train", "test")
    assert statistics.patients == 1
    assert [(d.name, d.cases, d.icd10cm) for d in statistics.disorders] == [
        ("A", {"train": 2}, ("C1",)),
        ("B", {"train": 1, "test": 1}, ()),
        ("Normal", {"test": 1}, ()),
    ]
    assert statistics.scans == {("MRI", "head and neck"): 4}
