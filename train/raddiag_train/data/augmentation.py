"""Augmentation of whole batches on the device (paper section 5.3; numbers of the release).

Every random number but the pixel noise is drawn on the CPU from one generator, and the noise from a seed a scan drawn
there: the generator's state is all that an exact resume needs, and a GPU is never waited for. A process that has only
some of a batch's scans draws for all of them, so that a scan is changed in the same way wherever that is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from raddiag_engine.network.packing import PackedBatch, ScanGroup
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.group_augmentation import GroupAugmentation
from raddiag_train.data.lesion_batches import GroupLesions


def augment(
    batch: PackedBatch, config: AugmentationConfig, generator: torch.Generator, device: torch.device | str = "cpu"
) -> PackedBatch:
    """A batch moved to the device, with every scan changed there at random.

    Args:
        batch: On the CPU; voxels uint8 (0 to 255) or float in [0, 1].
        config: What is done, and how often.
        generator: On the CPU.
        device: Where the work is done.

    Returns:
        The batch on `device`, voxels float32 in [0, 1]. The slices of a scan are changed alike.
    """
    return augment_with_lesions(batch, (None,) * len(batch.groups), config, generator, device)[0]


def augment_with_lesions(
    batch: PackedBatch,
    lesions: Sequence[GroupLesions | None],
    config: AugmentationConfig,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> tuple[PackedBatch, tuple[GroupLesions | None, ...]]:
    """As `augment`, with the lesion maps deformed as their scans are.

    Args:
        batch: As for `augment`.
        lesions: Of each group of the batch, on the CPU.
        config: What is done, and how often.
        generator: On the CPU.
        device: Where the work is done.

    Returns:
        The batch and its lesion maps, both on `device`.
    """
    cases, most_scans = batch.mask_BS.shape
    flipped_B = torch.rand(cases, generator=generator) < config.flip_probability
    groups, deformed = [], []
    for group, of_group in zip(batch.groups, lesions, strict=True):
        flipped_N = flipped_B[group.slots_N // most_scans]
        there = group.to(device, non_blocking=True)
        augmentation = GroupAugmentation(
            _rows(there), _scan_of_row(group), flipped_N, config, generator, of_group, group.rows
        )
        groups.append(replace(there, voxels=augmentation.run().view(there.voxels.shape)))
        deformed.append(augmentation.lesions)
    modality_ids_BS = batch.modality_ids_BS.to(device, non_blocking=True)
    return PackedBatch(tuple(groups), modality_ids_BS, batch.mask_BS.to(device, non_blocking=True)), tuple(deformed)


def as_float(batch: PackedBatch) -> PackedBatch:
    """The same batch with voxels float32 in [0, 1], not augmented."""
    groups = tuple(replace(group, voxels=_float_voxels(group.voxels)) for group in batch.groups)
    return replace(batch, groups=groups)


def _float_voxels(voxels: Tensor) -> Tensor:
    return voxels.float() / 255.0 if voxels.dtype == torch.uint8 else voxels.float()


def _rows(group: ScanGroup) -> Tensor:
    """A copy as (rows, slices, H, W): a volume is one row of many slices, a stack many rows of one slice."""
    voxels = _float_voxels(group.voxels)
    voxels = voxels.clone() if voxels is group.voxels else voxels
    return voxels.flatten(1, -3) if group.kind == "volumes" else voxels


def _scan_of_row(group: ScanGroup) -> Tensor:
    """int64: the scan of the group to which each row of its voxels belongs."""
    if group.slice_index_NL is None:
        return torch.arange(len(group.slots_N))
    index_NL = group.slice_index_NL
    scan_of_row = torch.empty(len(group.voxels), dtype=torch.long)
    scans_NL = torch.arange(len(index_NL))[:, None].expand_as(index_NL)
    scan_of_row[index_NL[index_NL >= 0]] = scans_NL[index_NL >= 0]
    return scan_of_row
