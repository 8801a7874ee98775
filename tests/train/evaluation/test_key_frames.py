"""Key frames of a case: each scan with its own key slice, whatever order the engine has and whatever it sets aside."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.evaluation.key_frames import key_frames
from tests.engine.diagnosis.tiny_model import tiny_card, tiny_engine


def volume(path: Path, slices: int, key_slice: int | None) -> ScanRecord:
    """A CT whose number of slices tells it from the others."""
    voxels = np.random.default_rng(slices).normal(100, 25, (24, 20, slices)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 5.0, 1.0])), path)
    return ScanRecord(path, Modality.CT, Plane.AXIAL, key_slice)


def places(folder: Path, record: CaseRecord, max_scans: int | None) -> list[str]:
    engine = tiny_engine(folder / "model", tiny_card(max_scans), gain=10)
    return sorted(frame.title.partition("\n")[0] for frame in key_frames(engine, record, "Pneumonia"))


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
