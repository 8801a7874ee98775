"""From logits to ranked disorders with probability, threshold and state. Free of torch."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.result import DisorderScore, State
from raddiag_engine.diagnosis.state import ScanContent, is_assessed, state_of
from raddiag_engine.models.card import ModelCard

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Scores:
    """Every class of the card, scored.

    Attributes:
        disorders: Ranked, Normal left out; without contributions.
        normal: The most probable class marked as normal, assessed ones first; None if there is none.
    """

    disorders: tuple[DisorderScore, ...]
    normal: DisorderScore | None

    def in_state(self, *states: State) -> list[DisorderScore]:
        """The disorders in one of these states, by rank."""
        return [score for score in self.disorders if score.state in states]

    def shown(self, top: int, asked: Container[str] = ()) -> list[DisorderScore]:
        """The first `top` disorders, every positive one however many there are, and those asked for by name."""
        first = max(top, len(self.in_state("positive")))
        return [score for score in self.disorders if score.rank <= first or score.name in asked]


def probabilities(card: ModelCard, logits_K: NDArray[np.floating]) -> NDArray[np.float64]:
    """sigmoid(slope x logit + offset) where the card has a calibration (Platt), else sigmoid(logit)."""
    fits = [disorder.calibration for disorder in card.disorders]
    slopes_K = np.array([fit.slope if fit else 1.0 for fit in fits])
    offsets_K = np.array([fit.offset if fit else 0.0 for fit in fits])
    scaled_K = slopes_K * logits_K.astype(np.float64) + offsets_K
    return 0.5 * (1.0 + np.tanh(0.5 * scaled_K))  # the sigmoid, without overflow


def score_disorders(card: ModelCard, logits_K: NDArray[np.floating], trusted: Sequence[ScanContent]) -> Scores:
    """Score and rank all classes: positives first, then by probability, then by name.

    Args:
        card: Its disorders are in the order of the logits.
        logits_K: Of the case.
        trusted: What the scans that may make a disorder positive show.
    """
    scores: list[DisorderScore] = []
    normals: list[DisorderScore] = []
    for disorder, logit, probability in zip(card.disorders, logits_K, probabilities(card, logits_K), strict=True):
        point = disorder.operating_point
        threshold = point.threshold if point else DEFAULT_THRESHOLD
        score = DisorderScore(
            rank=0,
            name=disorder.name,
            icd10cm=disorder.icd10cm,
            probability=float(probability),
            calibrated=disorder.calibration is not None,
            logit=float(logit),
            threshold=threshold,
            sensitivity=point.sensitivity if point else None,
            specificity=point.specificity if point else None,
            positives=point.positives if point else None,
            reliable=point is not None and point.reliable,
            state=state_of(float(probability), threshold, is_assessed(disorder, card, trusted)),
            tier=disorder.tier,
            icd10cm_matched_by_name=disorder.icd10cm_matched_by_name,
        )
        (normals if disorder.normal else scores).append(score)
    scores.sort(key=lambda score: (score.state != "positive", -score.probability, score.name))
    normals.sort(key=lambda score: (score.state == "not assessed", -score.probability, score.name))
    ranked = tuple(replace(score, rank=rank) for rank, score in enumerate(scores, start=1))
    return Scores(ranked, normals[0] if normals else None)


def with_contributions(
    scores: Sequence[DisorderScore], card: ModelCard, logits_RK: NDArray[np.floating], scan_ids: Sequence[str]
) -> tuple[DisorderScore, ...]:
    """The same scores, with the drop of the logit without each scan.

    Args:
        scores: Of some classes of the card.
        card: Its disorders are in the order of the logits.
        logits_RK: Row 0 of the case, row 1 + s of the case without scan s; row 0 only if it has one scan.
        scan_ids: Of the scans, in the order of the rows.
    """
    if len(logits_RK) == 1:
        return tuple(scores)
    index_of = {disorder.name: index for index, disorder in enumerate(card.disorders)}
    drops_SK = logits_RK[:1] - logits_RK[1:]
    return tuple(
        replace(score, contributions=dict(zip(scan_ids, drops_SK[:, index_of[score.name]].tolist(), strict=True)))
        for score in scores
    )


def expected_false_alarms(assessed: Sequence[DisorderScore]) -> tuple[float, int]:
    """False positives expected in a case without any of these disorders.

    Returns:
        The sum of (1 - specificity), and the number of disorders without an operating point, which it leaves out.
    """
    known = [score.specificity for score in assessed if score.specificity is not None]
    return sum(1.0 - specificity for specificity in known), len(assessed) - len(known)
