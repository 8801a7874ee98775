"""What the saliency methods need of a set case: the network, every scan's embedding, and any scan's input on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from raddiag_engine.cases import Scan
from raddiag_engine.diagnosis.fusion import same_draw
from raddiag_engine.models.card import ModelCard
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.preparation import PreparedScan


@dataclass(frozen=True, eq=False)
class CaseEvidence:
    """A set case, open to questions about the evidence in it.

    The input of a scan is prepared again each time it is asked for, so that memory does not grow with the case: work
    through one scan at a time, with `embeddings_SC` standing for the others.

    Attributes:
        case_id: Of the case.
        case_hash: SHA-256 of the case.
        input_hash: SHA-256 of what the network was given.
        card: Of the model, weights hash included.
        network: In evaluation mode, float32, not folded; its weights need no gradient, its activations may.
        device: Where it is.
        scans: The scans in use.
        modality_ids_S: int64, of the same scans, on the device.
        embeddings_SC: float32, of the same scans, on the device; computed in the precision of the diagnosis.
        prepare: Index of a scan -> what the network was given, with the way back to its voxels.
    """

    case_id: str
    case_hash: str
    input_hash: str
    card: ModelCard
    network: RadDiag
    device: torch.device
    scans: tuple[Scan, ...]
    modality_ids_S: Tensor
    embeddings_SC: Tensor
    prepare: Callable[[int], PreparedScan]

    def network_scan(self, index: int, prepared: PreparedScan) -> NetworkScan:
        """The tensor of a prepared scan, on the device."""
        voxels = torch.as_tensor(prepared.voxels, device=self.device)
        return NetworkScan(voxels, prepared.is_volume, int(self.modality_ids_S[index]))

    def logits_with(self, index: int, embedding_1C: Tensor) -> Tensor:
        """Logits of the case, (1, K), with one scan's embedding replaced; differentiable with respect to it.

        Args:
            index: Of the scan.
            embedding_1C: As `RadDiag.embed_features` gives it.
        """
        before_SC, after_SC = self.embeddings_SC[:index], self.embeddings_SC[index + 1 :]
        embeddings_1SC = torch.cat([before_SC, embedding_1C, after_SC]).unsqueeze(0)
        mask_1S = torch.ones(1, len(self.scans), dtype=torch.bool, device=self.device)
        with same_draw(self.device):
            return self.network.diagnose(embeddings_1SC, self.modality_ids_S.unsqueeze(0), mask_1S)
