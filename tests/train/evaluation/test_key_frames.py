"""Key frames of a case: each scan with its own key slice, whatever order the engine has and whatever it sets aside."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.cli import main
from raddiag_train.data.records import CaseRecord, ScanRecord, write_records
from raddiag_train.evaluation.key_frames import key_frames
from tests.engine.diagnosis.tiny_model import tiny_card, tiny_engine


def volume(path: Path, slices: int, key_slice: int | None) -> ScanRecord:
    """A CT whose number of slices tells it from the others."""
    voxels = np.random.default_rng(slices).normal(100, 25, (24, 20, slices)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT, Plane.AXIAL, key_slice)


def places(folder: Path, record: CaseRecord, max_scans: int | None) -> list[str]:
    engine = tiny_engine(folder / "model", tiny_card(max_scans), gain=10)
    return sorted(frame.title.partition("\n")[0] for frame in key_frames(engine, record, "Pneumonia").frames)


def test_each_scan_has_its_own_key_slice_in_any_order(tmp_path: Path) -> None:
    scans = (
        volume(tmp_path / "a.nii.gz", 4, 1),
        volume(tmp_path / "b.nii.gz", 9, 6),
        volume(tmp_path / "c.nii.gz", 6, 0),
    )
    expected = ["CT, key slice 1 of 6", "CT, key slice 2 of 4", "CT, key slice 7 of 9"]
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        record = CaseRecord("case", "", Anatomy.CHEST, "test", tuple(scans[one] for one in order), ("Pneumonia",))
        assert places(tmp_path, record, None) == expected


def test_a_scan_that_is_set_aside_takes_no_key_slice_from_the_others(tmp_path: Path) -> None:
    scans = (volume(tmp_path / "a.nii.gz", 4, 1), volume(tmp_path / "b.nii.gz", 9, 6))
    record = CaseRecord("case", "", Anatomy.CHEST, "test", scans, ("Pneumonia",))
    [place] = places(tmp_path, record, 1)
    assert place in ("CT, key slice 2 of 4", "CT, key slice 7 of 9")


def blank(path: Path) -> ScanRecord:
    """A CT that the reader advises against."""
    nibabel.save(nibabel.Nifti1Image(np.zeros((24, 20, 5), np.float32), np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT, Plane.AXIAL)


def test_a_scan_that_the_reader_advises_against_is_set_aside_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_engine(tmp_path / "model", tiny_card(None), gain=10)
    localizer, good = blank(tmp_path / "localizer.nii.gz"), volume(tmp_path / "a.nii.gz", 4, 1)
    cases = [
        CaseRecord("beside", "", Anatomy.CHEST, "test", (localizer, good), ("Pneumonia",)),
        CaseRecord("alone", "", Anatomy.CHEST, "test", (localizer,), ("Pneumonia",)),
    ]
    write_records(tmp_path / "cases.jsonl", cases)
    command = ["figures", "saliency", str(tmp_path / "model"), "--cases", str(tmp_path / "cases.jsonl")]
    command += ["--disorder", "Pneumonia", "--device", "cpu"]
    output = tmp_path / "frames.png"
    assert main([*command, "--case", "beside", "--output", str(output)]) == 0
    assert "not shown: scan 1: every voxel has the value 0" in capsys.readouterr().out
    assert output.stat().st_size
    assert main([*command, "--case", "alone", "--output", str(tmp_path / "none.png")]) == 2
    error = capsys.readouterr().err
    assert "case alone has no usable scan" in error
    assert "cases.jsonl:" in error
    assert not (tmp_path / "none.png").exists()


def test_scans_that_the_engine_sets_aside_are_said(tmp_path: Path) -> None:
    scans = (volume(tmp_path / "a.nii.gz", 4, 1), volume(tmp_path / "b.nii.gz", 9, 6))
    record = CaseRecord("case", "", Anatomy.CHEST, "test", scans, ("Pneumonia",))
    engine = tiny_engine(tmp_path / "model", tiny_card(1), gain=10)
    [said] = key_frames(engine, record, "Pneumonia").set_aside
    assert "the model takes at most 1 scans" in said
