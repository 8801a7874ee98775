"""From scan embeddings to the logits of the case, and what each scan contributes to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from raddiag_engine.errors import ModelError
from raddiag_engine.network.model import RadDiag

# Rows of one fusion pass: bounds the memory of leave-one-scan-out in a case of hundreds of scans.
ROWS_AT_ONCE = 128


@contextmanager
def same_draw(device: torch.device) -> Iterator[None]:
    """Inside, the pooling baseline "random" draws the same scan whenever the same case is diagnosed or explained."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield


@torch.no_grad()
def fuse_case(network: RadDiag, embeddings_SC: Tensor, modality_ids: Sequence[int]) -> Tensor:
    """Logits of the case, and of the case without each of its scans in turn, in one batch.

    Args:
        network: In evaluation mode.
        embeddings_SC: Of the scans in use, on the network's device.
        modality_ids: Of the same scans; they stay as they are when another scan is left out.

    Returns:
        logits_RK, float64 on the CPU: row 0 is the whole case, row 1 + s the case without scan s. A case of one scan
        has row 0 only.

    Raises:
        ModelError: A logit is not finite.
    """
    scans = len(embeddings_SC)
    device = embeddings_SC.device
    whole_1S = torch.ones(1, scans, dtype=torch.bool, device=device)
    without_SS = ~torch.eye(scans, dtype=torch.bool, device=device)
    mask_RS = torch.cat([whole_1S, without_SS]) if scans > 1 else whole_1S
    modality_ids_S = torch.tensor(modality_ids, device=device)
    with same_draw(device):
        parts = [
            network.diagnose(
                embeddings_SC.expand(len(mask_PS), -1, -1), modality_ids_S.expand(len(mask_PS), -1), mask_PS
            )
            for mask_PS in mask_RS.split(ROWS_AT_ONCE)
        ]
    logits_RK = torch.cat(parts).double().cpu()
    if not bool(torch.isfinite(logits_RK).all()):
        raise ModelError("the network's output is not finite; check the model with `raddiag models verify`")
    return logits_RK
