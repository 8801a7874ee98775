"""Everything that is known of a case after fusion, put together as a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.cautions import cautions_of, cautions_of_unseen
from raddiag_engine.diagnosis.device import Placement
from raddiag_engine.diagnosis.encoded_case import EncodedCase
from raddiag_engine.diagnosis.open_vocabulary import LabelSpaceInUse
from raddiag_engine.diagnosis.result import Diagnosis, UnseenScore
from raddiag_engine.diagnosis.scan_reports import report_scans
from raddiag_engine.diagnosis.scoring import expected_false_alarms, score_disorders, with_contributions
from raddiag_engine.diagnosis.state import is_covered
from raddiag_engine.diagnosis.unseen_scoring import score_unseen
from raddiag_engine.models.card import ModelCard


def build_diagnosis(
    encoded: EncodedCase,
    logits_RK: NDArray[np.float64],
    card: ModelCard,
    placement: Placement,
    top: int,
    seconds: Mapping[str, float],
    label_space: LabelSpaceInUse | None = None,
) -> Diagnosis:
    """Score, rank, count and caution.

    Args:
        encoded: The case that was fused.
        logits_RK: Of the whole case in row 0, without each fused scan in turn in the others; of the card's disorders,
            then of the unseen ones of the label space.
        card: Of the model; without unseen disorders.
        placement: Where it was computed.
        top: Disorders wanted; all positive ones are given whatever it is.
        seconds: Stage -> wall time.
        label_space: What is scored, if disorders were asked for by name.
    """
    own_RK, unseen_RU = np.split(logits_RK, [len(card.disorders)], axis=1)
    scores = score_disorders(card, own_RK[0], encoded.trusted)
    scan_ids = [fused.scan.id for fused in encoded.fused]
    unseen: tuple[UnseenScore, ...] = ()
    if label_space is not None:
        names = label_space.card.disorders[len(card.disorders) :]
        covered = any(is_covered(content, card.coverage) for content in encoded.trusted)
        unseen = score_unseen(names, label_space.nearest, unseen_RU, scan_ids, covered)
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
        disorders=with_contributions(
            scores.shown(top, label_space.asked if label_space else ()), card, own_RK, scan_ids
        ),
        normal=next(iter(with_contributions(normals, card, own_RK, scan_ids)), None),
        positive=len(scores.in_state("positive")),
        assessed=len(assessed),
        not_assessed=len(scores.in_state("not assessed")),
        expected_false_alarms=false_alarms,
        without_operating_point=without_operating_point,
        warnings=(*cautions_of(encoded, card, scores), *cautions_of_unseen(unseen)),
        seconds=dict(seconds),
        unseen=unseen,
    )
