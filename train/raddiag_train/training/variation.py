"""What a stored batch goes through before a training step: chance in the images, the scans and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from raddiag_engine.network.packing import PackedBatch
from raddiag_train.data.augmentation import augment_with_lesions
from raddiag_train.data.batches import TrainingBatch, drop_modalities
from raddiag_train.data.lesion_batches import GroupLesions, MaskedScans, shown_disorders
from raddiag_train.data.mixup import mixup_images
from raddiag_train.data.records import NORMAL
from raddiag_train.training.config import TrainingConfig
from raddiag_train.training.scan_dropout import drop_scans
from raddiag_train.training.training_data import TrainingData


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """What is known of all N training cases besides their labels; on the CPU.

    Attributes:
        anatomies_N: int64, a number for the body region of each case.
        normal: The class "Normal"; None if there is none.
        known_SK: 1 where a source says whether its cases have the disorder; None if all do.
        sources_N: int64, row of each case's source in `known_SK`.
        members_AK: bool, the disorders below each ancestor; the ancestors are the classes behind the disorders.
    """

    anatomies_N: Tensor
    normal: int | None
    known_SK: Tensor | None
    sources_N: Tensor
    members_AK: Tensor


def case_facts(data: TrainingData, mask_unlabelled_sources: bool) -> CaseFacts:
    """The facts of a run's training cases.

    Args:
        data: Of the run.
        mask_unlabelled_sources: Whether what a source never labels is unknown for its cases.
    """
    return CaseFacts(
        torch.from_numpy(data.anatomies_N),
        data.labels.indices.get(NORMAL),
        torch.from_numpy(data.known_SK) if mask_unlabelled_sources else None,
        torch.from_numpy(data.sources_N),
        torch.from_numpy(data.labels.members_AK),
    )


@dataclass(frozen=True, eq=False)
class StepInput:
    """What a training step computes with, on its device.

    Attributes:
        scans: Augmented; voxels float32 in [0, 1].
        targets_BK: In [0, 1]; soft where cases are mixed.
        known_BK: 1 where the label is known and can be seen; None if all are.
        lesions: Of each group of `scans`, augmented with it.
        masked: Which scans of the batch have a lesion mask; on the CPU.
        key_slices: Of each group, as in the batch.
        anatomies_B: int64, a number for the body region of each case.
    """

    scans: PackedBatch
    targets_BK: Tensor
    known_BK: Tensor | None
    lesions: tuple[GroupLesions | None, ...]
    masked: MaskedScans
    key_slices: tuple[Tensor, ...]
    anatomies_B: Tensor


def vary(
    batch: TrainingBatch,
    facts: CaseFacts,
    config: TrainingConfig,
    device: torch.device,
    generator: torch.Generator,
    total: Callable[[Tensor], Tensor] = lambda tensor: tensor,
) -> StepInput:
    """Hide modalities, leave out scans, augment and mix.

    Where the last scan that shows a lesion is left out, whether the case has the disorder or is normal counts as not
    known: neither answer can be seen, and either would teach that a missing scan means something.

    Args:
        batch: As stored, on the CPU.
        facts: Of all training cases.
        config: Says how often and how far.
        device: Where the step is computed.
        generator: On the CPU.
        total: Adds up a tensor over the processes that share the batch's scans.
    """
    optimisation, packed = config.optimisation, batch.packed
    unknown_id = config.preparation.modality_ids["unknown"][0]
    modality_ids_BS = drop_modalities(
        packed.modality_ids_BS, packed.mask_BS, optimisation.modality_dropout, unknown_id, generator
    )
    mask_BS = drop_scans(packed.mask_BS, optimisation.scan_dropout, generator)
    known_BK = _known(batch, facts, mask_BS)
    anatomies_B = facts.anatomies_N[batch.indices_B].to(device, non_blocking=True)
    packed = replace(packed, modality_ids_BS=modality_ids_BS, mask_BS=mask_BS)
    targets_BK = batch.labels_BK.to(device, non_blocking=True)
    scans, lesions = augment_with_lesions(packed, batch.lesions, config.augmentation, generator, device)
    key_slices = tuple(keys_N.to(device, non_blocking=True) for keys_N in batch.key_slices)
    if known_BK is None:
        scans, targets_BK = mixup_images(scans, targets_BK, optimisation.mixup_alpha, generator, total)
        return StepInput(scans, targets_BK, None, lesions, batch.masked, key_slices, anatomies_B)
    # What is known is blended like the targets: a label of a mixture is known if it is in both cases.
    both_BL = torch.cat([targets_BK, known_BK.to(device, non_blocking=True)], 1)
    scans, both_BL = mixup_images(scans, both_BL, optimisation.mixup_alpha, generator, total)
    targets_BK, shares_BK = both_BL.chunk(2, 1)
    known_BK = (shares_BK > 0.999).float()
    return StepInput(scans, targets_BK, known_BK, lesions, batch.masked, key_slices, anatomies_B)


def _known(batch: TrainingBatch, facts: CaseFacts, mask_BS: Tensor) -> Tensor | None:
    """1 where the label is known by its source and can be seen in the scans left; None if all are."""
    disorders = facts.members_AK.shape[1]
    shown_BK = shown_disorders(batch.masked, batch.packed.mask_BS, disorders)
    lost_BK = shown_BK & ~shown_disorders(batch.masked, mask_BS, disorders)
    # An ancestor may have been seen in that disorder alone.
    above_BA = lost_BK.float() @ facts.members_AK.T.float() > 0
    if facts.normal is not None:
        lost_BK[:, facts.normal] |= lost_BK.any(1)
    lost_BK = torch.cat([lost_BK, above_BA], 1)
    if facts.known_SK is None:
        return (~lost_BK).float() if lost_BK.any() else None
    # What a case has is known, whatever its source says of the rest.
    stated_BK = torch.maximum(facts.known_SK[facts.sources_N[batch.indices_B]], (batch.labels_BK > 0).float())
    return stated_BK * ~lost_BK
