"""Folders say what a picture without header shows: the nearest that does, whole words only, marked as a guess."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality, Scan, WarningCode
from raddiag_engine.commands.read import case_listing
from raddiag_engine.diagnosis.state import content_of
from raddiag_engine.reading import read_case


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)
    return path


def read(path: Path) -> Scan:
    (scan,) = read_case([path], guarded=False).scans
    return scan


@pytest.mark.parametrize(
    ("folder", "modality", "anatomy"),
    [
        ("chest_xray/covid_19", Modality.XRAY, Anatomy.CHEST),
        ("busi_breast_ultrasound/benign", Modality.ULTRASOUND, Anatomy.BREAST),
        ("brain_tumor_mri/glioma", Modality.MRI, Anatomy.HEAD_AND_NECK),
        ("head_ct_hemorrhage/normal", Modality.CT, Anatomy.HEAD_AND_NECK),
        ("ct/chest_xray", Modality.XRAY, Anatomy.CHEST),  # the nearest
        ("CXR", Modality.XRAY, Anatomy.CHEST),
        ("mlo", Modality.MAMMOGRAPHY, Anatomy.BREAST),
        ("knee/mri", Modality.MRI, Anatomy.LOWER_LIMB),
        ("mri/study arm 2", Modality.MRI, Anatomy.UNKNOWN),
        ("ct_and_mri", Modality.UNKNOWN, Anatomy.UNKNOWN),
        ("ct/mri_or_xray", Modality.UNKNOWN, Anatomy.UNKNOWN),  # contradicts itself: no guess from further away
        ("chest_abdomen_ct", Modality.CT, Anatomy.UNKNOWN),
        ("chest", Modality.UNKNOWN, Anatomy.UNKNOWN),
        ("virus/doctor/dust", Modality.UNKNOWN, Anatomy.UNKNOWN),
        ("Mr Armstrong", Modality.UNKNOWN, Anatomy.UNKNOWN),
    ],
)
def test_the_nearest_folder_that_says_it_is_a_marked_guess(tmp_path, folder, modality, anatomy):
    picture(tmp_path / "in" / folder / "075.png")
    scan = read(tmp_path / "in")
    assert (scan.modality, scan.anatomy) == (modality, anatomy)
    assert scan.has_warning(WarningCode.MODALITY_GUESSED) is (modality is not Modality.UNKNOWN)
    assert scan.has_warning(WarningCode.ANATOMY_GUESSED) is (anatomy is not Anatomy.UNKNOWN)
    assert scan.id.startswith(modality.value.lower().replace(" ", "-"))
    content = content_of(scan, None)
    assert content.modality_origin == ("unknown" if modality is Modality.UNKNOWN else "guessed")
    assert content.anatomy_origin == ("unknown" if anatomy is Anatomy.UNKNOWN else "guessed")


def test_a_file_name_comes_before_its_folder(tmp_path):
    picture(tmp_path / "in" / "chest_xray" / "brain_mri.png")
    assert read(tmp_path / "in").modality is Modality.MRI


def test_folders_count_up_to_the_one_that_is_named_and_it_too(tmp_path):
    picture(tmp_path / "chest_xray" / "a" / "b" / "c" / "1.png")
    assert read(tmp_path / "chest_xray").modality is Modality.XRAY
    assert read(tmp_path / "chest_xray" / "a").modality is Modality.UNKNOWN


def test_of_a_single_file_two_folders_above_count(tmp_path):
    assert read(picture(tmp_path / "mri" / "a" / "1.png")).modality is Modality.MRI
    assert read(picture(tmp_path / "mri" / "a" / "b" / "1.png")).modality is Modality.UNKNOWN


def test_inside_an_archive_folders_and_its_own_name_count(tmp_path):
    archive = tmp_path / "chest_xray.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(picture(tmp_path / "1.png"), "normal/1.png")
    assert read(archive).modality is Modality.XRAY
    (scan,) = read_case([archive]).scans  # through the guard as well
    assert (scan.modality, scan.anatomy) == (Modality.XRAY, Anatomy.CHEST)


def test_no_name_is_quoted(tmp_path):
    picture(tmp_path / "in" / "Smithers^John chest_xray" / "1.png")
    scan = read(tmp_path / "in")
    assert "Smithers" not in " ".join(warning.message for warning in scan.warnings)
    assert "Smithers" not in scan.id


def test_what_a_person_says_is_no_guess(tmp_path):
    picture(tmp_path / "in" / "chest_xray" / "1.png")
    said = read(tmp_path / "in").with_anatomy(Anatomy.SPINE)
    assert not said.has_warning(WarningCode.ANATOMY_GUESSED)
    assert said.has_warning(WarningCode.MODALITY_GUESSED)
    both = read(tmp_path / "in").with_modality(Modality.CT, Anatomy.SPINE)
    assert content_of(both, None).anatomy_origin == content_of(both, None).modality_origin == "stated"


def test_the_listing_shows_the_mark(tmp_path):
    picture(tmp_path / "in" / "chest_xray" / "1.png")
    (listed,) = case_listing(read_case([tmp_path / "in"], guarded=False))["scans"]
    assert (listed["modality"], listed["anatomy"]) == ("X-ray", "chest")
    assert {"modality.guessed", "anatomy.guessed"} <= {warning["code"] for warning in listed["warnings"]}
