"""Batches: packed scans, targets, hidden modalities, mixed images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.packing import NetworkScan, PackedBatch, pack
from raddiag_engine.preparation import PreparationConfig
from raddiag_train.data.augmentation import as_float
from raddiag_train.data.batches import Collate, TrainingBatch, drop_modalities
from raddiag_train.data.labels import label_space
from raddiag_train.data.mixup import mixup_images
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.sampling import EpochSampler
from tests.train.data.made_up_images import case, write_picture


def test_a_loader_gives_the_batches_of_the_sampler(tmp_path: Path) -> None:
    records = [case(n, "AB"[n % 2], path=write_picture(tmp_path / f"{n}.png", n)) for n in range(9)]
    data = PreparedDataset(
        records, label_space(records), PreparationConfig(image_size_px=32), tmp_path / "c", workers=1
    )
    sampler = EpochSampler(np.ones(9), batch_size=4)
    # A map-style data set needs no base class, whatever torch's annotation says.
    loader: DataLoader[TrainingBatch] = DataLoader(
        data,  # type: ignore[arg-type]
        batch_sampler=list(sampler.batches(0)),
        collate_fn=Collate(NetworkConfig()),
    )
    batches = list(loader)
    assert [batch.indices_B.tolist() for batch in batches] == list(sampler.batches(0))
    for batch in batches:
        [group] = batch.packed.groups
        assert group.voxels.dtype == torch.uint8
        for row, index in enumerate(batch.indices_B.tolist()):
            np.testing.assert_array_equal(group.voxels[row, 0], data[index].scans[0].voxels)
            assert batch.labels_BK[row].argmax() == data.labels.indices["AB"[index % 2]]


def test_a_case_loses_all_its_modalities_or_none() -> None:
    ids = torch.arange(1, 5).repeat(1000, 1)
    mask = torch.tensor([[True, True, True, False]]).expand(1000, 4)
    dropped = drop_modalities(ids, mask, 0.3, 9, torch.Generator().manual_seed(0))
    hidden = dropped[:, 0] == 9
    assert 240 < int(hidden.sum()) < 360
    assert (dropped[hidden][:, :3] == 9).all()
    assert (dropped[hidden][:, 3] == 4).all()
    assert torch.equal(dropped[~hidden], ids[~hidden])
    assert torch.equal(drop_modalities(ids, mask, 0.0, 9, torch.Generator()), ids)


def mixed_batch() -> PackedBatch:
    generator = torch.Generator().manual_seed(0)

    def image() -> NetworkScan:
        return NetworkScan(torch.rand(8, 8, generator=generator), False, 1)

    volume = NetworkScan(torch.rand(4, 8, 8, generator=generator), True, 2)
    return pack([[image()], [image(), volume], [image()], [volume], *[[image()] for _ in range(6)]], NetworkConfig())


def test_mixup_blends_inputs_and_targets_alike_and_spares_other_cases() -> None:
    batch, labels = mixed_batch(), torch.eye(10)
    mixed, targets = mixup_images(batch, labels, 0.4, torch.Generator().manual_seed(1))
    [before] = [group for group in batch.groups if group.kind == "images"]
    [after] = [group for group in mixed.groups if group.kind == "images"]
    cases = before.slots_N // batch.mask_BS.shape[1]
    single = torch.tensor([case not in (1, 3) for case in range(10)])
    assert torch.equal(targets[~single], labels[~single])
    assert torch.allclose(targets.sum(1), torch.ones(10))
    assert (targets.diagonal() >= 0.5 - 1e-6).all()
    assert int((targets.diagonal() < 0.999).sum()) >= 3
    # With one-hot targets a row of the targets holds the weights of the blend.
    by_case = {int(case): voxels for case, voxels in zip(cases, before.voxels, strict=True)}
    for case_index, voxels in zip(cases.tolist(), after.voxels, strict=True):
        expected = sum(float(targets[case_index, k]) * by_case[k] for k in by_case if targets[case_index, k] > 0)
        torch.testing.assert_close(voxels, expected)
    [volumes] = [group for group in mixed.groups if group.kind == "volumes"]
    [volumes_before] = [group for group in batch.groups if group.kind == "volumes"]
    assert torch.equal(volumes.voxels, volumes_before.voxels)


def test_mixup_of_zero_changes_nothing() -> None:
    batch, labels = as_float(mixed_batch()), torch.eye(10)
    mixed, targets = mixup_images(batch, labels, 0.0, torch.Generator())
    assert mixed is batch and targets is labels


def test_mixup_spares_a_case_of_which_a_scan_is_left_out() -> None:
    batch = mixed_batch()
    labels = torch.eye(len(batch.mask_BS))
    several = batch.mask_BS.sum(1) > 1
    mask_BS = batch.mask_BS.clone()
    mask_BS[:, 1:] = False
    _, targets = mixup_images(replace(batch, mask_BS=mask_BS), labels, 0.4, torch.Generator().manual_seed(1))
    assert several.any() and torch.equal(targets[several], labels[several])
