"""The key slice of a record, found again in the prepared volume."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.batches import Collate
from raddiag_train.data.key_slice import prepared_position
from raddiag_train.data.labels import label_space
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord, ScanRecord

SUBSAMPLE = PreparationConfig(depth=4, depth_rule="subsample", image_size_px=16, volume_size_px=16, windowing="stored")
RESAMPLE = PreparationConfig(depth=4, depth_rule="resample", image_size_px=16, volume_size_px=16, windowing="stored")


@pytest.mark.parametrize(
    "key_slice, depth, config, expected",
    [
        (2, 3, SUBSAMPLE, 2),
        (2, -3, SUBSAMPLE, 0),
        (7, 12, SUBSAMPLE, 2),  # of slices 0, 3, 6, 9
        (7, -12, SUBSAMPLE, 1),  # the fourth of the other order
        (0, 16, RESAMPLE, 0),
        (15, -16, RESAMPLE, 0),
        (None, 16, RESAMPLE, -1),
        (16, 16, RESAMPLE, -1),
        (3, 0, RESAMPLE, -1),
    ],
)
def test_the_nearest_prepared_slice(
    key_slice: int | None, depth: int, config: PreparationConfig, expected: int
) -> None:
    assert prepared_position(key_slice, depth, config) == expected


def records(folder: Path) -> list[CaseRecord]:
    """Two volumes of 8 slices, one with its slices from above, whose key slice is bright; and an image with one."""
    found = []
    for number, (step_mm, key) in enumerate(((5.0, 6), (-5.0, 6))):
        voxels = np.full((16, 16, 8), 60, dtype=np.uint8)
        voxels[..., key] = 200
        path = folder / f"{number}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, step_mm, 1.0])), path)
        scan = ScanRecord(path, Modality.CT, key_slice=key)
        found.append(CaseRecord(str(number), "", Anatomy.CHEST, "train", (scan,), ("Nodule",)))
    return found


@pytest.mark.parametrize("config", [SUBSAMPLE, RESAMPLE], ids=["subsample", "resample"])
def test_it_is_the_slice_that_shows_it_whichever_way_the_slices_run(tmp_path: Path, config: PreparationConfig) -> None:
    cases = records(tmp_path)
    data = PreparedDataset(cases, label_space(cases), config, tmp_path / "cache", workers=1)
    again = PreparedDataset(cases, label_space(cases), config, tmp_path / "cache", workers=1)
    positions = []
    for index in range(2):
        [scan], [position] = data[index].scans, data.key_slices(index)
        assert scan.voxels.reshape(4, -1).mean(1).argmax() == position
        assert again.key_slices(index) == (position,)
        positions.append(position)
    assert positions[0] != positions[1]
    batch = Collate(NetworkConfig())([data[1], data[0]])
    assert [keys.tolist() for keys in batch.key_slices] == [positions[::-1]]


def test_prepared_data_of_an_older_version_stay_valid_without_key_slices(tmp_path: Path) -> None:
    cases = records(tmp_path)
    PreparedDataset(cases, label_space(cases), SUBSAMPLE, tmp_path / "cache", workers=1)
    [index] = (tmp_path / "cache").glob("*/shard-*/index.json")
    stored = json.loads(index.read_text(encoding="utf-8"))
    del stored["acquired_slices"]
    index.write_text(json.dumps(stored), encoding="utf-8")
    data = PreparedDataset(cases, label_space(cases), SUBSAMPLE, tmp_path / "cache", workers=1)
    assert [data.key_slices(n) for n in range(2)] == [(-1,), (-1,)]
    assert data[0].scans[0].voxels.shape == (4, 16, 16)
