"""Which scans of a case the engine would set aside: those that the card does not cover or the input score flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Modality
from raddiag_engine.diagnosis.input_score import PREFIX, InputScore
from raddiag_engine.diagnosis.state import completed_content, is_covered
from raddiag_engine.models.folder import Model
from raddiag_train.data.prepared_shards import StoredScan
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.input_score_data import stored_descriptors

Doubt = Literal["not covered", "unlike the training data", "not usable"]


class ScanTrust:
    """What the engine thinks of a prepared scan, as `raddiag_engine/diagnosis/scan_encoder.py` does.

    Args:
        model: Its card says what is covered; without an input score nothing is flagged.
        modality_known: False if the network is not told the modality of any scan.
    """

    def __init__(self, model: Model, *, modality_known: bool = True) -> None:
        card = model.card
        self._coverage = {*card.coverage, *(entry for disorder in card.disorders for entry in disorder.coverage)}
        scored = any(name.startswith(PREFIX) for name in model.extra)
        self._input_score = InputScore.from_tensors(model.extra) if scored else None
        self._modality_known = modality_known

    def doubts(
        self, record: CaseRecord, stored: Sequence[StoredScan], embeddings_SC: NDArray[np.floating]
    ) -> list[Doubt | None]:
        """Why each scan of a case is not trusted; None for one that is.

        Args:
            record: Says what each of its S scans shows.
            stored: The same scans, prepared.
            embeddings_SC: Their scan embeddings.
        """
        found: list[Doubt | None] = []
        for scan, prepared, embedding_C in zip(record.scans, stored, embeddings_SC, strict=True):
            modality = scan.modality if self._modality_known else Modality.UNKNOWN
            anatomy, recognised, flagged = record.anatomy_of(scan), None, False
            if self._input_score is not None:
                assessed = self._input_score.assess(embedding_C, stored_descriptors(prepared), modality, anatomy)
                recognised, flagged = assessed.recognised, assessed.out_of_distribution
            covered = is_covered(completed_content(modality, anatomy, recognised), self._coverage)
            found.append("not covered" if not covered else "unlike the training data" if flagged else None)
        return found
