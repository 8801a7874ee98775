"""What is said of one disorder's score, in words: on the row, in its tooltip, for a screen reader."""

from __future__ import annotations

from html import escape

from napari_raddiag.data_models.icd10cm_chapters import chapters_of
from raddiag_engine.diagnosis.result import DisorderScore

NOT_A_PROBABILITY = "not calibrated: a score, not a probability"
NOT_ABSENT = "Not assessed: no scan in use can show this disorder to this model. That does not mean it is absent."
TIERS = {
    "head": "head: 100 or more positive training cases",
    "medium": "medium: 30 to 99 positive training cases",
    "tail": "tail: fewer than 30 positive training cases",
}


def score_text(score: DisorderScore) -> str:
    """The score to two digits, "~" before one that is no probability; a dash where the disorder was not assessed."""
    if score.state == "not assessed":
        return "–"
    return f"{'' if score.calibrated else '~'}{score.probability:.2f}"


def codes_text(score: DisorderScore) -> str:
    """The ICD-10-CM codes, "*" behind codes that were found by name."""
    text = ", ".join(score.icd10cm)
    return f"{text}*" if text and score.icd10cm_matched_by_name else text


def threshold_text(score: DisorderScore) -> str:
    """The threshold, and what it does on the cases it was fitted on."""
    if score.sensitivity is None or score.specificity is None:
        return f"Threshold {score.threshold:.2f}, not fitted: sensitivity and specificity are not known."
    fitted = "an unknown number of" if score.positives is None else str(score.positives)
    text = (
        f"Threshold {score.threshold:.2f}: sensitivity {score.sensitivity:.2f}, specificity {score.specificity:.2f}, "
        f"fitted on {fitted} positive cases."
    )
    return text if score.reliable else f"{text} Unreliable: fewer than 10."


def score_tooltip(score: DisorderScore) -> str:
    """Everything that is known of the score, as rich text."""
    lines = [f"<b>{escape(score.name)}</b>"]
    if score.icd10cm:
        found = " (found by name, not given by the training data)" if score.icd10cm_matched_by_name else ""
        lines.append(escape(f"ICD-10-CM {', '.join(score.icd10cm)}{found}"))
        lines += [escape(f"Chapter {chapter.number}, {chapter}") for chapter in chapters_of(score.icd10cm)]
    if score.state == "not assessed":
        lines.append(NOT_ABSENT)
    else:
        kind = "calibrated probability" if score.calibrated else NOT_A_PROBABILITY
        lines.append(f"Score {score.probability:.3f}, {kind}.")
    lines += [escape(threshold_text(score)), TIERS[score.tier]]
    return "<br>".join(lines)


def score_sentence(score: DisorderScore) -> str:
    """The row in one sentence, for a screen reader."""
    value = "" if score.state == "not assessed" else f", score {score.probability:.2f}, threshold {score.threshold:.2f}"
    return f"{score.name}, {score.state}{value}"
