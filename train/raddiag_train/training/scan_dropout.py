"""Scans left out at random in training, so that a diagnosis does not hang on a scan that a case may lack."""

from __future__ import annotations

import torch
from torch import Tensor


def drop_scans(mask_BS: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """The mask with each scan left out with this probability; one scan of a case, drawn at random, always stays.

    Args:
        mask_BS: True where there is a scan.
        probability: Of each scan to be left out.
        generator: On the CPU.
    """
    draws_BS = torch.rand(mask_BS.shape, generator=generator).to(mask_BS.device)
    luckiest_B1 = draws_BS.masked_fill(~mask_BS, -1).argmax(1, keepdim=True)
    kept_BS = (draws_BS >= probability).scatter(1, luckiest_B1, True)
    return mask_BS & kept_BS
