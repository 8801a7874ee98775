"""Sentences that must stand beside the ranked disorders."""

from __future__ import annotations

from collections.abc import Sequence

from raddiag_engine.cases import Anatomy
from raddiag_engine.diagnosis.encoded_case import EncodedCase
from raddiag_engine.diagnosis.result import UnseenScore
from raddiag_engine.diagnosis.scan_choice import RULE
from raddiag_engine.diagnosis.scan_reports import distrust_reason
from raddiag_engine.diagnosis.scoring import Scores
from raddiag_engine.diagnosis.state import ScanContent
from raddiag_engine.models.card import ModelCard


def cautions_of(encoded: EncodedCase, card: ModelCard, scores: Scores) -> tuple[str, ...]:
    """First of the scans, then of the scores; without patient data."""
    return (*_scan_warnings(encoded, card), *_score_warnings(card, scores))


def cautions_of_unseen(unseen: Sequence[UnseenScore]) -> tuple[str, ...]:
    """What the scores of disorders that the model never learned are not."""
    if not unseen:
        return ()
    were = "1 disorder asked for by name was" if len(unseen) == 1 else f"{len(unseen)} disorders asked for by name were"
    return (
        f"{were} never learned by this model: scored by the text of the name alone, without threshold and calibration, "
        "neither positive nor negative",
    )


def _scan_warnings(encoded: EncodedCase, card: ModelCard) -> list[str]:
    warnings = []
    for scan in encoded.fused:
        if not scan.trusted:
            warnings.append(f"{scan.scan.id}: {distrust_reason(scan)}; nothing is assessed from it")
        elif scan.content.modality_origin in ("guessed", "recognised"):
            warnings.append(f"{scan.scan.id}: taken for {_words(scan.content)}, which its file does not say")
        elif scan.content.anatomy_origin in ("guessed", "recognised"):
            warnings.append(f"{scan.scan.id}: taken for {scan.content.anatomy}, which its file does not say")
        if scan.scan.id in encoded.case.overridden:
            reason = scan.scan.reason or "marked as not usable"
            warnings.append(f"{scan.scan.id}: used by choice although {reason}")
    warnings += [f"{scan.scan.id}: not used: {distrust_reason(scan)}" for scan in encoded.set_aside]
    if encoded.left_over:
        count = len(encoded.left_over)
        were = "1 scan was" if count == 1 else f"{count} scans were"
        warnings.append(
            f"{were} not used: the model was trained on at most {card.max_scans} scans a case; chosen by rule: {RULE}"
        )
    if card.trained_scans is not None and len(encoded.fused) > card.trained_scans:
        warnings.append(
            f"{len(encoded.fused)} scans are fused, but the model was trained on cases of at most {card.trained_scans}"
        )
    skipped = len(encoded.case.skipped)
    if skipped:
        files = "1 file" if skipped == 1 else f"{skipped} files"
        warnings.append(f"{files} gave no scan; `raddiag read` says why")
    return warnings


def _score_warnings(card: ModelCard, scores: Scores) -> list[str]:
    warnings = []
    assessed = scores.in_state("positive", "negative")
    positive = scores.in_state("positive")
    normal = scores.normal
    if not card.coverage and not any(disorder.coverage for disorder in card.disorders):
        warnings.append(f"the card of model {card.name} lists no modality and anatomy, so nothing is assessed")
    if normal is not None and normal.state == "positive" and positive:
        warnings.append(f"{normal.name} is positive together with {positive[0].name}: the model contradicts itself")
    without_point = sum(score.specificity is None for score in assessed)
    if without_point:
        warnings.append(f"{without_point} of {len(assessed)} assessed disorders have no fitted threshold; 0.5 is used")
    unreliable = [score.name for score in positive if score.specificity is not None and not score.reliable]
    if unreliable:
        warnings.append(f"threshold fitted on fewer than 10 positive cases: {', '.join(unreliable)}")
    uncalibrated = sum(not score.calibrated for score in assessed)
    if uncalibrated:
        warnings.append(f"{uncalibrated} of {len(assessed)} assessed disorders have scores that are not calibrated")
    return warnings


def _words(content: ScanContent) -> str:
    known = content.anatomy is not Anatomy.UNKNOWN
    return f"{content.modality} of {content.anatomy}" if known else str(content.modality)
