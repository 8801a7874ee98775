"""Class folders of images become cases, with the labels, codes and patients that a recipe gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.data.folder_recipe import parse_label, read_folder_recipe
from raddiag_train.data.folders import FolderLabel, FolderSource, cases_from_folders
from tests.train.data.made_up_images import write_picture


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_picture(tmp_path / "set" / "glioma" / "00000017_001.png", 1)
    write_picture(tmp_path / "set" / "glioma" / "00000017_002.png", 2)
    write_picture(tmp_path / "set" / "no_tumour" / "case 1" / "a.png", 3)
    write_picture(tmp_path / "set" / "no_tumour" / "case 1" / "b.png", 4)
    write_picture(tmp_path / "set" / "normal" / "c.png", 5)
    (tmp_path / "set" / "normal" / "notes.txt").write_text("not an image")
    return tmp_path


SOURCE = FolderSource(
    "set",
    "set",
    Modality.MRI,
    Anatomy.HEAD_AND_NECK,
    Plane.AXIAL,
    {"glioma": FolderLabel("Glioma", ("C71.9",))},
    (r"^(\d{8})_\d{3}$",),
)


def test_an_image_is_a_case_and_a_folder_of_images_is_one_case(tree: Path) -> None:
    cases, skipped = cases_from_folders(SOURCE, tree)
    assert [(case.disorders, case.icd10cm, len(case.scans)) for case in cases] == [
        (("Glioma",), ("C71.9",), 1),
        (("Glioma",), ("C71.9",), 1),
        (("No tumour",), (), 2),
        (("Normal",), (), 1),
    ]
    assert [case.patient_id for case in cases] == ["set:00000017", "set:00000017", "", ""]
    assert {(scan.modality, scan.plane) for case in cases for scan in case.scans} == {(Modality.MRI, Plane.AXIAL)}
    assert len({case.case_id for case in cases}) == 4
    assert [(file.path.name, "unknown format" in file.reason) for file in skipped] == [("notes.txt", True)]


def test_case_ids_show_no_file_name(tree: Path) -> None:
    cases, _ = cases_from_folders(SOURCE, tree)
    assert not any("00000017" in case.case_id or "case 1" in case.case_id for case in cases)


def test_a_label_for_a_folder_that_is_not_there_is_refused_with_the_nearest(tree: Path) -> None:
    source = FolderSource("set", "set", labels={"gliom": FolderLabel("Glioma")})
    with pytest.raises(ConfigError, match=r"'gliom'.*did you mean 'glioma'"):
        cases_from_folders(source, tree)


def test_a_folder_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set: no such folder"):
        cases_from_folders(SOURCE, tmp_path)
    (tmp_path / "empty" / "class").mkdir(parents=True)
    with pytest.raises(ConfigError, match="holds no class folder with an image"):
        cases_from_folders(FolderSource("empty", "empty"), tmp_path)


def test_labels_are_read_from_the_command_line() -> None:
    assert parse_label("glioma=Glioma:C71.9") == ("glioma", FolderLabel("Glioma", ("C71.9",)))
    assert parse_label("a=B") == ("a", FolderLabel("B"))
    assert parse_label("a=B:C1,C2") == ("a", FolderLabel("B", ("C1", "C2")))
    with pytest.raises(ConfigError, match="--label takes"):
        parse_label("glioma")


def test_the_shipped_recipe_gives_the_open_sets_their_codes() -> None:
    sources = read_folder_recipe(Path("open_images.toml")).source
    codes = {label.name: label.icd10cm for source in sources for label in source.labels.values()}
    assert codes == {
        "Glioma": ("C71.9",),
        "Meningioma": ("D32.9",),
        "Pituitary tumour": ("D35.2",),
        "Benign breast neoplasm": ("D24.9",),
        "Malignant breast neoplasm": ("C50.919",),
        "COVID-19": ("U07.1",),
        "Pneumonia": ("J18.9",),
        "Intracranial haemorrhage": ("I62.9",),
        "Normal": (),
    }


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("00001362_004.jpg", "chest_xray:00001362"),
        ("covid-19-pneumonia-24-day6.jpg", "chest_xray:covid-19-pneumonia-24"),
        ("covid-19-pneumonia-24-day7.jpg", "chest_xray:covid-19-pneumonia-24"),
        ("covid-19-pneumonia-rapidly-progressive-12-hours.jpg", "chest_xray:covid-19-pneumonia-rapidly-progressive"),
        ("covid-19-pneumonia-rapidly-progressive-admission.jpg", "chest_xray:covid-19-pneumonia-rapidly-progressive"),
        ("lancet-case2a.jpg", "chest_xray:lancet-case2"),
        ("31BA3780-2323-493F-8AED-62081B9C383B.jpg", ""),
    ],
)
def test_the_shipped_recipe_tells_patients_of_chest_xrays_from_file_names(name: str, patient: str) -> None:
    [source] = [s for s in read_folder_recipe(Path("open_images.toml")).source if s.name == "chest_xray"]
    assert source.patient_id(Path(name)) == patient


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[source]]\nname = 'a'\nmodalty = 'CT'", "did you mean 'modality'"),
        ("[[source]]\nname = 'a'\npatient_id_patterns = ['(']", "no regular expression"),
        ("[[source]]\nname = 'a'\npatient_id_patterns = ['a']", "needs one group"),
        ("source = 3", "expected a list"),
        ("[[", "cannot be read as TOML"),
    ],
)
def test_a_wrong_recipe_is_named_with_its_cause(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_folder_recipe(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
