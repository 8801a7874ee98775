"""Published data sets in their published layouts: every descriptor on a made-up tree, and what is said of faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.data.dataset_descriptor import read_descriptor, shipped_datasets
from raddiag_train.data.dataset_import import import_dataset
from raddiag_train.data.scan_reading import read_scan
from tests.train.data.published_layouts import LAYOUTS, write_layout


def test_every_descriptor_that_ships_has_a_layout_here() -> None:
    assert shipped_datasets() == sorted(LAYOUTS)
    assert len(LAYOUTS) == 22


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_a_tree_as_published_becomes_cases(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    write_layout(tmp_path / "set", layout)
    found = import_dataset(read_descriptor(name), tmp_path / "set", tmp_path / "converted")
    assert found.faults == ()
    assert len(found.cases) == layout.cases
    scans = [scan for case in found.cases for scan in case.scans]
    assert len(scans) == layout.scans
    assert {name for case in found.cases for name in case.disorders} == layout.disorders
    assert {scan.modality.value for scan in scans} == layout.modalities
    assert {case.anatomy.value for case in found.cases} == layout.anatomies
    assert {case.split for case in found.cases} == layout.splits
    assert len({case.patient_id for case in found.cases if case.patient_id}) == layout.patients
    assert len({case.case_id for case in found.cases}) == layout.cases
    for case in found.cases:
        for scan in case.scans:
            assert read_scan(case, scan).usable


def import_named(name: str, root: Path) -> tuple[str, ...]:
    return import_dataset(read_descriptor(name), root, root / "converted").faults


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_label_outside_the_set_is_named_with_its_row_and_the_nearest(tmp_path: Path) -> None:
    write_layout(tmp_path, LAYOUTS["cxr14"])
    table = tmp_path / "Data_Entry_2017_v2020.csv"
    edit(table, "Cardiomegaly|", "Cardiomegali|")
    [fault] = import_named("cxr14", tmp_path)
    assert fault.startswith(f"{table}:2: label 'Cardiomegali'")
    assert "did you mean 'Cardiomegaly'?" in fault


def test_a_missing_file_is_named_with_its_row_and_the_rest_is_read(tmp_path: Path) -> None:
    write_layout(tmp_path, LAYOUTS["vindr_spine"])
    (tmp_path / "test_images" / "b.dicom").unlink()
    found = import_dataset(read_descriptor("vindr_spine"), tmp_path, tmp_path / "converted")
    assert len(found.cases) == 1
    [fault] = found.faults
    assert fault.startswith(f"{tmp_path / 'annotations' / 'test.csv'}:2: no such file")
    assert fault.endswith("b.dicom")


def test_a_patient_in_two_official_splits_is_a_fault(tmp_path: Path) -> None:
    write_layout(tmp_path, LAYOUTS["cxr14"])
    table = tmp_path / "Data_Entry_2017_v2020.csv"
    edit(table, ",30805,", ",1,")
    [fault] = import_named("cxr14", tmp_path)
    assert f"{table}:3: lies in 'test', but {table}:2, of the same patient, in 'train'" in fault


def test_an_image_in_no_list_of_the_split_is_a_fault(tmp_path: Path) -> None:
    write_layout(tmp_path, LAYOUTS["cxr14"])
    (tmp_path / "test_list.txt").write_text("other.png\n", encoding="utf-8")
    [fault] = import_named("cxr14", tmp_path)
    assert "'00030805_000.png' is in no list" in fault


def test_a_file_that_is_no_scan_is_a_fault(tmp_path: Path) -> None:
    write_layout(tmp_path, LAYOUTS["mura"])
    path = tmp_path / "MURA-v1.1/valid/XR_WRIST/patient11185/study1_negative/image1.png"
    path.write_bytes(b"")
    assert import_named("mura", tmp_path) == (f"{path}: the file is empty",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Finding Labels", "Findings", "there is no column 'Finding Labels'"),
        ("PA,2682,2749", "PA,2682", ":2: has 8 columns, the header 9"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    write_layout(tmp_path, LAYOUTS["cxr14"])
    edit(tmp_path / "Data_Entry_2017_v2020.csv", old, new)
    try:
        faults: tuple[str, ...] = import_named("cxr14", tmp_path)
    except ConfigError as error:
        faults = (str(error),)
    assert said in faults[0]


def test_another_folder_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="breast-level_annotations"):
        import_named("vindr_mammo", tmp_path)
    with pytest.raises(ConfigError, match="holds no case of MURA"):
        import_named("mura", tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        import_named("mura", tmp_path / "nowhere")


def test_paths_in_a_table_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    write_layout(tmp_path / "set", LAYOUTS["vindr_spine"])
    write_layout(tmp_path, LAYOUTS["vindr_spine"])
    edit(tmp_path / "set" / "annotations" / "test.csv", "x,b,", "x,../../test_images/b,")
    assert "no such file" in import_named("vindr_spine", tmp_path / "set")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel = 'x'", "unknown key 'titel'; did you mean 'title'?"),
        (
            "title='x'\nreference='x'\nterms='x'\nmodality='CT'\nanatomy='chest'\nfiles='('\nlabels={value='{a}'}",
            "no regular expression",
        ),
        (
            "title='x'\nreference='x'\nterms='x'\nmodality='CTT'\nanatomy='chest'\nfiles='a'\nlabels={value='{a}'}",
            "modality: expected Modality, found 'CTT'",
        ),
    ],
)
def test_a_wrong_descriptor_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_descriptor(str(path))
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


def test_an_unknown_data_set_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'chexpert'"):
        read_descriptor("chexprt")
