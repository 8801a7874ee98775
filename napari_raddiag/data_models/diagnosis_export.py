"""A diagnosis as text to take along, with what it was made from; holds no patient data.

Export is refused by the view for a stale diagnosis; this module only knows how the text looks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from napari_raddiag.data_models.asked_disorder import MEANING, NEVER_LEARNED, UNSEEN
from napari_raddiag.data_models.icd10cm_chapters import chapters_of
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, UnseenScore

RESEARCH_USE = "Research use only. Not for clinical use."
_COLUMNS = (
    "rank",
    "disorder",
    "icd10cm",
    "icd10cm_found_by_name",
    "icd10cm_chapter",
    "state",
    "score",
    "calibrated",
    "threshold",
    "sensitivity",
    "specificity",
    "threshold_fitted_on_positives",
    "threshold_reliable",
    "tier",
)
# A cell that begins so is a formula to a spreadsheet program.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def provenance_lines(diagnosis: Diagnosis, now: datetime) -> list[str]:
    """What the diagnosis was made from, one fact a line, and the engine's cautions.

    Args:
        diagnosis: As the engine gave it.
        now: Of the export, with its time zone.
    """
    lines = [
        RESEARCH_USE,
        f"case {diagnosis.case_id}, SHA-256 {diagnosis.case_hash}",
        f"model {diagnosis.model_name}, SHA-256 {diagnosis.model_sha256}",
        f"device {diagnosis.device}, {diagnosis.precision}",
        f"exported {now.isoformat(timespec='seconds')}",
        diagnosis.headline,
    ]
    lines += [
        f"scan {scan.id} ({scan.modality}) used by choice: {scan.reason or 'the reader advises against it'}"
        for scan in diagnosis.scans
        if scan.overridden
    ]
    lines += [f"warning: {warning}" for warning in diagnosis.warnings]
    return [" ".join(line.split()) for line in lines]


def csv_text(diagnosis: Diagnosis, now: datetime, unseen: Sequence[UnseenScore] = ()) -> str:
    """All disorders of the diagnosis and Normal as CSV, below provenance lines that begin with "#".

    A score is left out where the disorder was not assessed: it means nothing there.

    Args:
        diagnosis: As the engine gave it.
        now: Of the export, with its time zone.
        unseen: What was asked for by name in this diagnosis; after the others, marked in the column of the state.
    """
    file = io.StringIO()
    for line in (*provenance_lines(diagnosis, now), *([f"{UNSEEN}: {MEANING}"] if unseen else [])):
        file.write(f"# {line}\n")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    normal = [diagnosis.normal] if diagnosis.normal else []
    writer.writerows(_row(score) for score in (*diagnosis.disorders, *normal))
    writer.writerows(_unseen_row(score) for score in unseen)
    return file.getvalue()


def tsv_text(
    diagnosis: Diagnosis, scores: Iterable[DisorderScore], now: datetime, unseen: Sequence[UnseenScore] = ()
) -> str:
    """Some disorders, and those asked for by name, as tab-separated lines for the clipboard; then their provenance."""
    lines = ["\t".join(("disorder", "ICD-10-CM", "state", "score", "threshold"))]
    for score in scores:
        value = "" if score.state == "not assessed" else f"{score.probability:.3f}"
        cells = (score.name, ", ".join(score.icd10cm), score.state, value, f"{score.threshold:.3f}")
        lines.append("\t".join(_plain(cell) for cell in cells))
    for asked in unseen:
        value = f"{asked.probability:.3f}" if asked.covered else ""
        state = f"{UNSEEN} ({NEVER_LEARNED})"
        lines.append("\t".join(_plain(cell) for cell in (asked.name, ", ".join(asked.icd10cm), state, value, "")))
    overridden = [scan.id for scan in diagnosis.scans if scan.overridden]
    chosen = f"; used by choice: {', '.join(overridden)}" if overridden else ""
    lines.append(
        f"case {diagnosis.case_hash[:12]}; model {diagnosis.model_name} {diagnosis.model_sha256[:12]}; "
        f"{diagnosis.device}, {diagnosis.precision}; {now:%Y-%m-%d}{chosen}. {RESEARCH_USE}"
    )
    return "\n".join(lines) + "\n"


def _row(score: DisorderScore) -> list[str | float | int | bool | None]:
    return [
        score.rank or "",
        _plain(score.name),
        " ".join(score.icd10cm),
        score.icd10cm_matched_by_name,
        "; ".join(chapter.codes for chapter in chapters_of(score.icd10cm)),
        score.state,
        "" if score.state == "not assessed" else f"{score.probability:.6g}",
        score.calibrated,
        f"{score.threshold:.6g}",
        "" if score.sensitivity is None else f"{score.sensitivity:.4g}",
        "" if score.specificity is None else f"{score.specificity:.4g}",
        "" if score.positives is None else score.positives,
        score.reliable,
        score.tier,
    ]


def _unseen_row(score: UnseenScore) -> list[str]:
    """Without rank, threshold and tier: it has none, and its score is not compared with those of the others."""
    cells = {
        "disorder": _plain(score.name),
        "icd10cm": " ".join(score.icd10cm),
        "icd10cm_chapter": "; ".join(chapter.codes for chapter in chapters_of(score.icd10cm)),
        "state": UNSEEN,
        "score": f"{score.probability:.6g}" if score.covered else "",
        "calibrated": "False",
    }
    return [cells.get(column, "") for column in _COLUMNS]


def _plain(text: str) -> str:
    """The text as one cell that no spreadsheet program takes for a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
