"""What lies above the disorders in ICD-10-CM."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.cases import Anatomy
from raddiag_engine.models.card import Disorder
from raddiag_train.data.ancestors import icd10cm_ancestors
from raddiag_train.data.labels import label_space
from raddiag_train.data.records import CaseRecord, ScanRecord

DISORDERS = [
    Disorder("Glioma", ("C71.9",)),
    Disorder("Cerebellar tumour", ("C71.6",)),
    Disorder("Meningioma", ("D32.9",)),
    Disorder("Pneumonia", ("J18.9",)),
    Disorder("Normal", normal=True),
    Disorder("Of our own", ("no code",)),
]


def test_every_place_with_several_disorders_is_one_and_the_lowest_stands_for_equal_ones() -> None:
    found = {ancestor.code: ancestor for ancestor in icd10cm_ancestors(DISORDERS)}
    # C71 and what holds the same two (block and group of blocks) are one; the chapter has the benign one as well.
    assert {code: ancestor.members for code, ancestor in found.items()} == {"C71": (0, 1), "C00-D49": (0, 1, 2)}
    assert found["C71"].name == "Malignant neoplasm of brain"


def test_what_holds_all_or_only_one_tells_nothing() -> None:
    assert icd10cm_ancestors(DISORDERS[:2]) == ()
    assert icd10cm_ancestors([DISORDERS[0], DISORDERS[3]]) == ()
    assert icd10cm_ancestors([DISORDERS[4]]) == ()


def test_a_disorder_that_is_itself_above_another_counts_among_those_below() -> None:
    brain = Disorder("Brain tumour", ("C71",))
    found = {ancestor.code: ancestor.members for ancestor in icd10cm_ancestors([brain, *DISORDERS])}
    assert found == {"C71": (0, 1, 2), "C00-D49": (0, 1, 2, 3)}


def record(number: int, *disorders: str, codes: tuple[str, ...] = ()) -> CaseRecord:
    scans = (ScanRecord(Path(f"{number}.png")),)
    return CaseRecord(str(number), "", Anatomy.HEAD_AND_NECK, "train", scans, disorders, codes)


RECORDS = [
    record(0, "Glioma", codes=("C71.9",)),
    record(1, "Cerebellar tumour", "Pneumonia", codes=("C71.6", "J18.9")),
    record(2, "Meningioma", codes=("D32.9",)),
    record(3, "Normal"),
]


def test_a_case_has_every_ancestor_of_its_disorders_behind_them() -> None:
    labels = label_space(RECORDS, ancestors=True)
    assert labels.targets == len(labels) + 2
    names = [{labels.target_names[k] for k in np_row.nonzero()[0]} for np_row in labels.targets_of(RECORDS).matrix()]
    brain, neoplasms = "Malignant neoplasm of brain", "Neoplasms"
    assert names == [
        {"Glioma", brain, neoplasms},
        {"Cerebellar tumour", "Pneumonia", brain, neoplasms},
        {"Meningioma", neoplasms},
        {"Normal"},
    ]


def test_evaluation_sees_the_disorders_alone() -> None:
    labels = label_space(RECORDS, ancestors=True)
    assert labels.matrix(RECORDS).shape == (4, 5)
    assert labels.names == label_space(RECORDS).names
