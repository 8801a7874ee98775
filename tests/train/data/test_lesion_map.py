"""Lesion masks on the network's grid: stored, batched, and moved with their scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ReadError
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.preparation import PreparationConfig
from raddiag_train.data.augmentation import augment_with_lesions
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.batches import Collate
from raddiag_train.data.labels import label_space
from raddiag_train.data.lesion_batches import shown_disorders
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.data_config import DataConfig
from raddiag_train.training.optimisation_config import OptimisationConfig
from raddiag_train.training.variation import CaseFacts, vary

CONFIG = PreparationConfig(image_size_px=48, volume_size_px=32, depth=6, windowing="stored")
MOVING = AugmentationConfig(
    affine_probability=1.0, elastic_probability=0.5, flip_probability=0.5, noise_probability=0, contrast_probability=0
)


def write_volume(path: Path, bright: tuple[slice, slice, slice]) -> Path:
    """(32, 32, 12) uint8 of 40 with a box of 255; stored left to right, so that display turns it."""
    voxels = np.full((32, 32, 12), 40, dtype=np.uint8)
    voxels[bright] = 255
    nibabel.Nifti1Image(voxels, np.diag([2.0, 2.0, 4.0, 1.0])).to_filename(path)
    return path


def write_volume_mask(path: Path, box: tuple[slice, slice, slice]) -> Path:
    mask = np.zeros((32, 32, 12), dtype=np.uint8)
    mask[box] = 1
    nibabel.Nifti1Image(mask, np.diag([2.0, 2.0, 4.0, 1.0])).to_filename(path)
    return path


def write_image(path: Path, value: int, rest: int) -> Path:
    """48 x 48 px with a box of `value`."""
    pixels = np.full((48, 48), rest, dtype=np.uint8)
    pixels[10:22, 26:38] = value
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def records(tmp_path: Path) -> list[CaseRecord]:
    box, other = (slice(6, 14), slice(18, 26), slice(2, 6)), (slice(20, 26), slice(4, 10), slice(6, 10))
    ct = ScanRecord(
        write_volume(tmp_path / "ct.nii.gz", box),
        Modality.CT,
        masks={
            "Other": write_volume_mask(tmp_path / "other.nii.gz", other),
            "Box": write_volume_mask(tmp_path / "box.nii.gz", box),
        },
    )
    xray = ScanRecord(
        write_image(tmp_path / "x.png", 255, 40),
        Modality.XRAY,
        masks={"Box": write_image(tmp_path / "x.mask.png", 255, 0)},
    )
    plain = ScanRecord(write_image(tmp_path / "plain.png", 90, 80), Modality.XRAY)
    return [
        CaseRecord("plain", "", Anatomy.CHEST, "train", (plain,), ("Normal",)),
        CaseRecord("lesions", "", Anatomy.CHEST, "train", (ct, xray), ("Box", "Other")),
    ]


def dataset(records: list[CaseRecord], cache: Path) -> PreparedDataset:
    return PreparedDataset(records, label_space(records), CONFIG, cache, workers=1)


def test_a_stored_lesion_map_covers_what_the_mask_marks(records: list[CaseRecord], tmp_path: Path) -> None:
    data = dataset(records, tmp_path / "cache")
    assert data[0].scans[0].lesions is None
    ct, xray = data[1].scans
    assert data[1].lesion_classes == tuple(
        tuple(data.labels.indices[name] for name in names) for names in (("Other", "Box"), ("Box",))
    )
    for scan, number in ((ct, 2), (xray, 1)):
        assert scan.lesions is not None and scan.lesions.shape == scan.voxels.shape
        # The box is bright and nothing else is; its edge may lie between prepared slices.
        np.testing.assert_array_equal(scan.lesions == number, scan.voxels > 40 + 0.3 * (255 - 40))
    assert (ct.lesions == 1).sum() == (6 * 6 * 4) // 2  # half as many slices, the slice as it was


def test_a_mask_of_another_shape_is_refused_and_one_that_changed_is_prepared_again(
    records: list[CaseRecord], tmp_path: Path
) -> None:
    before = dataset(records, tmp_path / "cache")[1].scans[1].lesions
    write_image(tmp_path / "x.mask.png", 0, 255)
    after = dataset(records, tmp_path / "cache")[1].scans[1].lesions
    assert before is not None and after is not None and (before != after).all()
    Image.fromarray(np.ones((9, 9), dtype=np.uint8)).save(tmp_path / "x.mask.png")
    with pytest.raises(ReadError, match=r"x\.mask\.png.*not one mask of the scan's shape \(48, 48\)"):
        dataset(records, tmp_path / "cache")


def test_lesions_move_with_their_scans(records: list[CaseRecord], tmp_path: Path) -> None:
    data = dataset(records, tmp_path / "cache")
    batch = Collate(NetworkConfig())([data[0], data[1], data[1]])
    box, moved = data.labels.indices["Box"], 0
    for seed in range(8):
        changed, lesions = augment_with_lesions(
            batch.packed, batch.lesions, MOVING, torch.Generator().manual_seed(seed)
        )
        for group, before, of_group in zip(changed.groups, batch.lesions, lesions, strict=True):
            assert before is not None and of_group is not None
            moved += int(not torch.equal(before.maps_RDHW, of_group.maps_RDHW))
            for row, lesion_map, classes in zip(
                of_group.rows_R, of_group.maps_RDHW, of_group.classes_RM.tolist(), strict=True
            ):
                inside = lesion_map == 1 + classes.index(box)
                bright = group.voxels[row].reshape(lesion_map.shape) > 0.6
                union = (inside | bright).sum()
                assert (inside & bright).sum() > 0.75 * union
    assert moved >= 12
    _, lesions = augment_with_lesions(
        batch.packed,
        batch.lesions,
        replace(MOVING, affine_probability=0, elastic_probability=0, flip_probability=0),
        torch.Generator(),
    )
    for before, of_group in zip(batch.lesions, lesions, strict=True):
        assert before is not None and of_group is not None and torch.equal(before.maps_RDHW, of_group.maps_RDHW)


def test_a_disorder_is_shown_while_one_scan_that_shows_it_is_in_use(records: list[CaseRecord], tmp_path: Path) -> None:
    data = dataset(records, tmp_path / "cache")
    batch = Collate(NetworkConfig())([data[0], data[1], data[1], data[1]])
    in_use = torch.tensor([[True, False], [True, True], [True, False], [False, True]])
    shown = shown_disorders(batch.masked, in_use, len(data.labels))
    names = [{data.labels.names[k] for k in row.nonzero().flatten()} for row in shown]
    # The CT shows both, the X-ray the box alone.
    assert names == [set(), {"Box", "Other"}, {"Box", "Other"}, {"Box"}]


def test_what_cannot_be_seen_any_more_is_not_known(records: list[CaseRecord], tmp_path: Path) -> None:
    data = dataset(records, tmp_path / "cache")
    batch = Collate(NetworkConfig())([data[0], data[1]])
    normal, other = data.labels.indices["Normal"], data.labels.indices["Other"]
    optimisation = OptimisationConfig(scan_dropout=0.5)
    config = TrainingConfig(DataConfig(("cases.jsonl",)), optimisation=optimisation)
    seen = set()
    for seed in range(12):
        nothing_above = torch.zeros(0, len(data.labels), dtype=torch.bool)
        facts = CaseFacts(
            torch.zeros(2, dtype=torch.long), normal, None, torch.zeros(2, dtype=torch.long), nothing_above
        )
        given = vary(batch, facts, config, torch.device("cpu"), torch.Generator().manual_seed(seed))
        lost = not bool(given.scans.mask_BS[1, 0])  # the CT
        seen.add(lost)
        if lost:
            assert given.known_BK is not None
            assert {tuple(pair) for pair in (given.known_BK == 0).nonzero().tolist()} == {(1, normal), (1, other)}
        else:
            assert given.known_BK is None
    assert seen == {True, False}


def test_a_lesion_painted_over_is_no_longer_one(records: list[CaseRecord], tmp_path: Path) -> None:
    data = dataset(records, tmp_path / "cache")
    batch = Collate(NetworkConfig())([data[1]])
    painting = AugmentationConfig(
        affine_probability=0, elastic_probability=0, noise_probability=0, contrast_probability=0,
        erase_probability=1.0, erase_fraction=(0.6, 0.8),
    )  # fmt: skip
    hidden = 0
    for seed in range(6):
        changed, lesions = augment_with_lesions(
            batch.packed, batch.lesions, painting, torch.Generator().manual_seed(seed)
        )
        for group, before, of_group in zip(changed.groups, batch.lesions, lesions, strict=True):
            assert before is not None and of_group is not None
            bright = group.voxels[before.rows_R].reshape(before.maps_RDHW.shape) > 0.95
            box = before.maps_RDHW == 1 + before.classes_RM.tolist()[0].index(data.labels.indices["Box"])
            kept = of_group.maps_RDHW[box] > 0
            assert (bright[box] | ~kept).all()
            hidden += int((~kept).sum())
    assert hidden > 0
