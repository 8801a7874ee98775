"""Cases labelled by ICD-10-CM category."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raddiag_engine.cases import Anatomy
from raddiag_engine.errors import ConfigError
from raddiag_train.data.case_identity import status_key
from raddiag_train.data.label_level import at_label_level
from raddiag_train.data.labels import label_space
from raddiag_train.data.records import CaseRecord, ScanRecord

BRAIN, MENINGES = "Malignant neoplasm of brain", "Benign neoplasm of meninges"


def record(*disorders: str, codes: tuple[str, ...] = (), number: int = 0) -> CaseRecord:
    scans = (ScanRecord(Path(f"{number}.png")),)
    return CaseRecord(f"case-{number}", "", Anatomy.HEAD_AND_NECK, "train", scans, disorders, codes)


def test_a_case_has_the_category_of_each_of_its_codes_once() -> None:
    one, normal = at_label_level(
        [record("Glioma", "Ependymoma", "Meningioma", codes=("C71.9", "C71.5", "D32.0")), record("Normal")], "icd10cm"
    )
    assert (one.disorders, one.icd10cm) == ((BRAIN, MENINGES), ("C71", "D32"))
    assert (normal.disorders, normal.icd10cm) == (("Normal",), ())


def test_a_list_of_codes_for_the_case_as_a_whole_serves_as_well() -> None:
    [one] = at_label_level([record("Something", "Else", codes=("D32.9", "C71.9", "S72.001A"))], "icd10cm")
    assert one.icd10cm == ("D32", "C71", "S72")


def test_the_label_space_is_that_of_the_codes_with_their_tiers() -> None:
    records = [record("Glioma", codes=("C71.9",), number=n) for n in range(20)]
    records += [record("Ependymoma", codes=("C71.5",), number=n) for n in range(15)]
    labels = label_space(at_label_level(records, "icd10cm"))
    [brain] = labels.disorders
    assert (brain.name, brain.icd10cm, brain.training_positives, brain.tier) == (BRAIN, ("C71",), 35, "medium")


def test_the_disorder_level_changes_nothing() -> None:
    records = [record("Glioma")]
    assert at_label_level(records, "disorder") == records


def test_cases_without_a_code_are_counted_and_one_is_named() -> None:
    records = [record("Glioma", codes=("C71.9",)), record("Mystery", number=1), record("Riddle", number=2)]
    with pytest.raises(ConfigError, match=r"2 cases have no ICD-10-CM code, such as case-1;"):
        at_label_level(records, "icd10cm")
    with_card = at_label_level(records, "icd10cm", {"Mystery": ("D32.9",), "Riddle": ("C71.0", "D32.1")})
    assert [one.disorders for one in with_card] == [(BRAIN,), (MENINGES,), (BRAIN, MENINGES)]


def test_a_code_that_does_not_exist_is_named_with_its_case() -> None:
    with pytest.raises(ConfigError, match=r"case-7.*C71\.99"):
        at_label_level([record("Glioma", codes=("C71.99",), number=7)], "icd10cm")


def test_masks_go_by_the_category_and_the_prepared_data_stay_valid(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.nii" for name in ("scan", "Glioma", "Ependymoma", "Meningioma")}
    for file in files.values():
        file.write_bytes(b"0")
    masks = {name: files[name] for name in ("Glioma", "Ependymoma", "Meningioma")}
    scan = ScanRecord(files["scan"], masks=masks)
    codes = ("C71.9", "C71.5", "D32.9")
    before = replace(record(*masks, codes=codes), scans=(scan,))
    [after] = at_label_level([before], "icd10cm")
    assert list(after.scans[0].masks) == [BRAIN, "Ependymoma", MENINGES]
    assert status_key(after) == status_key(before)
