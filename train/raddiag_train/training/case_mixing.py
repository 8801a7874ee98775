"""Case mixing, as in the release: cases of other anatomies are added to a case, and their labels joined.

Without it a network learns that a case is of one region, and a normal scan of another talks it out of its findings.
Scans are encoded one by one, so adding embeddings is the same as adding scans, and costs a fusion pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MOST_PARTNERS = 2


@dataclass(frozen=True, eq=False)
class FusionInput:
    """What the fusion module takes, and what is to come of it.

    Attributes:
        embeddings_BSC: Scan embeddings.
        modality_ids_BS: int64.
        mask_BS: True where there is a scan.
        targets_BK: In [0, 1].
        known_BK: 1 where the label is known; None if all are.
    """

    embeddings_BSC: Tensor
    modality_ids_BS: Tensor
    mask_BS: Tensor
    targets_BK: Tensor
    known_BK: Tensor | None


def mix_cases(
    cases: FusionInput, anatomies_B: Tensor, normal: int | None, probability: float, generator: torch.Generator
) -> FusionInput:
    """Add up to `MOST_PARTNERS` other cases of the batch to each, each with this probability if its anatomy is another.

    A disorder is there if one of the cases has it, and a label known if it is in all; "Normal" needs all to be normal.

    Args:
        cases: Of a batch.
        anatomies_B: int64, a number for the body region of each case.
        normal: The class "Normal"; None if there is none.
        probability: Of each partner.
        generator: On the CPU.
    """
    mixed = cases
    for _ in range(MOST_PARTNERS):
        draws = torch.rand(len(anatomies_B), generator=generator), torch.randperm(len(anatomies_B), generator=generator)
        chosen_B, partner_B = (draw.to(cases.mask_BS.device) for draw in draws)
        added_B = (chosen_B < probability) & (anatomies_B[partner_B] != anatomies_B)
        mixed = _added(mixed, cases, partner_B, added_B, normal)
    return mixed


def _added(
    mixed: FusionInput, cases: FusionInput, partner_B: Tensor, added_B: Tensor, normal: int | None
) -> FusionInput:
    added_B1 = added_B[:, None]
    joined_BK = torch.maximum(mixed.targets_BK, cases.targets_BK[partner_B])
    if normal is not None:
        joined_BK[:, normal] = torch.minimum(mixed.targets_BK[:, normal], cases.targets_BK[partner_B, normal])
    known_BK = mixed.known_BK
    if known_BK is not None and cases.known_BK is not None:
        known_BK = torch.where(added_B1, known_BK * cases.known_BK[partner_B], known_BK)
    return FusionInput(
        torch.cat([mixed.embeddings_BSC, cases.embeddings_BSC[partner_B]], 1),
        torch.cat([mixed.modality_ids_BS, cases.modality_ids_BS[partner_B]], 1),
        torch.cat([mixed.mask_BS, cases.mask_BS[partner_B] & added_B1], 1),
        torch.where(added_B1, joined_BK, mixed.targets_BK),
        known_BK,
    )
