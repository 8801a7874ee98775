"""Everything that is known of a case after fusion, put together as a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.cautions import cautions_of
from raddiag_engine.diagnosis.device import Placement
from raddiag_engine.diagnosis.encoded_case import EncodedCase
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.diagnosis.scan_reports import report_scans
from raddiag_engine.diagnosis.scoring import expected_false_alarms, score_disorders, with_contributions
from raddiag_engine.models.card import ModelCard


def build_diagnosis(
    encoded: EncodedCase,
    logits_RK: NDArray[np.float64],
    card: ModelCard,
    placement: Placement,
    top: int,
    seconds: Mapping[str, float],
) -> Diagnosis:
    """Score, rank, count and caution.

    Args:
        encoded: The case that was fused.
        logits_RK: Of the whole case in row 0, without each fused scan in turn in the others.
        card: Of the model.
        placement: Where it was computed.
        top: Disorders wanted; all positive ones are given whatever it is.
        seconds: Stage -> wall time.
    """
    scores = score_disorders(card, logits_RK[0], encoded.trusted)
    scan_ids = [fused.scan.id for fused in encoded.fused]
    assessed = scores.in_state("positive", "negative")
    false_alarms, without_operating_point = expected_false_alarms(assessed)
    normals = [scores.normal] if scores.normal else []
    return Diagnosis(
        case_id=encoded.case.id,
        case_hash=encoded.case.hash,
        input_hash=encoded.input_hash,
        model_name=card.name,
        model_sha256=card.weights_sha256,
        device=placement.description,
        precision=placement.precision,
        scans=report_scans(encoded, card),
        disorders=with_contributions(scores.shown(top), card, logits_RK, scan_ids),
        normal=next(iter(with_contributions(normals, card, logits_RK, scan_ids)), None),
        positive=len(scores.in_state("positive")),
        assessed=len(assessed),
        not_assessed=len(scores.in_state("not assessed")),
        expected_false_alarms=false_alarms,
        without_operating_point=without_operating_point,
        warnings=cautions_of(encoded, card, scores),
        seconds=dict(seconds),
    )
