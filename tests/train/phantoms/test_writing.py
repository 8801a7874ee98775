"""Phantoms on disk, read back by the engine's own readers."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError
from raddiag_engine.reading.reader import read_file, read_files
from raddiag_train.data.records import read_records
from raddiag_train.phantoms import make_case, write_phantoms
from raddiag_train.phantoms.dicom import write_dicom
from raddiag_train.phantoms.splits import stratified_splits


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("phantoms"), cases=5, seed=2)


def test_what_is_read_is_what_was_made(written: Path) -> None:
    for record in read_records(written):
        phantom = make_case(int(record.case_id.removeprefix("phantom-")))
        assert record.disorders == phantom.disorders and record.icd10cm == phantom.icd10cm
        assert record.source == "phantom" and record.split in ("train", "validation", "test")
        for scan, made in zip(record.scans, phantom.case.scans, strict=True):
            (read,) = read_file(scan.path)
            assert np.array_equal(read.voxels, made.voxels) and read.kind == made.kind
            assert read.affine == pytest.approx(made.affine, abs=1e-3)
            assert read.spacing_mm == pytest.approx(made.spacing_mm, rel=1e-5)
            assert (scan.modality, scan.plane, scan.anatomy) == (made.modality, made.plane, made.anatomy)
            assert scan.masks.keys() == phantom.masks[made.id].keys()
            for disorder, path in scan.masks.items():
                assert np.array_equal(read_file(path)[0].voxels > 0, phantom.masks[made.id][disorder])


def test_an_interrupted_run_goes_on_to_the_same_files(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(written.parent, copy)
    (copy / "cases.jsonl").unlink()
    shutil.rmtree(copy / "phantom-2000003")
    before = (copy / "phantom-2000001" / "case.jsonl").stat().st_mtime_ns
    write_phantoms(copy, cases=5, seed=2)
    assert (copy / "phantom-2000001" / "case.jsonl").stat().st_mtime_ns == before
    assert _bytes(copy) == _bytes(written.parent)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_split_gets_its_share_of_every_disorder() -> None:
    labels = [("A",)] * 500 + [("B",)] * 60 + [("A", "C")] * 20
    splits = stratified_splits(labels, (0.7, 0.1, 0.2), np.random.default_rng(0))
    for name, count in (("A", 520), ("B", 60), ("C", 20)):
        shares = Counter(split for split, disorders in zip(splits, labels, strict=True) if name in disorders)
        assert shares["train"] == pytest.approx(0.7 * count, abs=3)
        assert shares["validation"] == pytest.approx(0.1 * count, abs=3)


def test_fractions_must_sum_to_one() -> None:
    with pytest.raises(ConfigError, match="sum to 1"):
        stratified_splits([("A",)], (0.7, 0.1, 0.1), np.random.default_rng(0))


@pytest.mark.parametrize(
    "anatomy", [Anatomy.CHEST, Anatomy.HEAD_AND_NECK, Anatomy.ABDOMEN_AND_PELVIS, Anatomy.LOWER_LIMB]
)
def test_dicom_is_read_back_as_made(anatomy: Anatomy, tmp_path: Path) -> None:
    phantom = make_case(11, anatomy=anatomy)
    paths = write_dicom(phantom, tmp_path)
    for made in phantom.case.scans:
        files = sorted(paths[made.id].glob("*.dcm")) if made.is_volume else [paths[made.id]]
        (read,) = read_files(files)
        assert read.usable, read.reason
        assert read.modality is made.modality and read.anatomy is anatomy
        assert np.array_equal(read.voxels, made.voxels)
        assert read.spacing_mm == pytest.approx(made.spacing_mm, rel=1e-4)
        if made.is_volume:
            assert read.affine == pytest.approx(made.affine, abs=1e-3)
        if made.modality is Modality.CT:
            assert read.units == "HU"
        assert not [warning for warning in read.warnings if warning.code.value.startswith("identity")]


def test_dicom_says_that_it_is_a_phantom_and_is_the_same_twice(tmp_path: Path) -> None:
    phantom = make_case(12, anatomy=Anatomy.CHEST)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_dicom(phantom, tmp_path / folder)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    for path in (tmp_path / "a").rglob("*.dcm"):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert dataset.PatientID == "PHANTOM-12" and "not a patient" in dataset.ImageComments
        assert dataset.SOPInstanceUID.startswith("2.25.") and len(dataset.SOPInstanceUID) <= 64
        assert dataset.StudyDate == "20000101" and not dataset.PatientBirthDate


def test_a_dicom_case_is_small_enough_to_ship(tmp_path: Path) -> None:
    write_dicom(make_case(13, anatomy=Anatomy.CHEST), tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.dcm")) < 1.5e6
