"""Scores of disorders that a model never learned, known to it by the text of their names. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.result import UnseenScore
from raddiag_engine.models.card import Disorder


@dataclass(frozen=True)
class NearestDisorder:
    """The disorder of the model whose name lies nearest to one that is asked for.

    Attributes:
        name: On the model card; empty if the card has none but Normal.
        cosine: Of the two text embeddings; 1 is the same text.
    """

    name: str
    cosine: float


def score_unseen(
    disorders: Sequence[Disorder],
    nearest: Sequence[NearestDisorder],
    logits_RU: NDArray[np.floating],
    scan_ids: Sequence[str],
    covered: bool,
) -> tuple[UnseenScore, ...]:
    """Score and rank, by score, then by name.

    Args:
        disorders: In the order of the columns.
        nearest: Of each.
        logits_RU: Row 0 of the case, row 1 + s of the case without scan s; row 0 only if it has one scan.
        scan_ids: Of the scans, in the order of the rows.
        covered: True if a scan in use is of a kind that the model knows.
    """
    drops_SU = logits_RU[:1] - logits_RU[1:]
    probabilities_U = 0.5 * (1.0 + np.tanh(0.5 * logits_RU[0].astype(np.float64)))  # the sigmoid, without overflow
    scores = [
        UnseenScore(
            rank=0,
            name=disorder.name,
            icd10cm=disorder.icd10cm,
            probability=float(probabilities_U[u]),
            logit=float(logits_RU[0, u]),
            covered=covered,
            nearest=nearest[u].name,
            nearest_cosine=nearest[u].cosine,
            contributions=dict(zip(scan_ids, drops_SU[:, u].tolist(), strict=True)) if len(logits_RU) > 1 else {},
        )
        for u, disorder in enumerate(disorders)
    ]
    scores.sort(key=lambda score: (-score.logit, score.name))
    return tuple(replace(score, rank=rank) for rank, score in enumerate(scores, start=1))
