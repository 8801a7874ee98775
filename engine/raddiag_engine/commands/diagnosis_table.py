"""A diagnosis as tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, ScanReport, UnseenScore
from raddiag_engine.models.card import ModelCard

STYLES = {"positive": "bold red", "negative": "", "not assessed": "dim"}
MARKS = {
    "~": "not calibrated: a score, not a probability",
    "?": "fitted on fewer than 10 positive cases",
    "*": "code found by name",
}


def print_diagnosis(diagnosis: Diagnosis, card: ModelCard, console: Console | None = None) -> None:
    """Print headline, disorders, scans, warnings and the research-use statement.

    Args:
        diagnosis: As the engine gives it.
        card: Of the model, for its statement.
        console: Standard output if None.
    """
    console = console or Console()
    console.print(f"[bold]{escape(diagnosis.headline)}[/bold]")
    console.print(_disorders(diagnosis))
    if diagnosis.unseen:
        console.print(_unseen(diagnosis.unseen))
    console.print(_scans(diagnosis))
    for warning in diagnosis.warnings:
        console.print(f"[yellow]warning:[/yellow] {escape(warning)}")
    seconds = ", ".join(f"{stage} {value:.2f} s" for stage, value in diagnosis.seconds.items())
    console.print(
        f"model {escape(diagnosis.model_name)} ({diagnosis.model_sha256[:12]}) on {escape(diagnosis.device)}, "
        f"{diagnosis.precision}; {seconds}",
        style="dim",
        highlight=False,
    )
    console.print(escape(card.intended_use), style="italic", highlight=False)


def _disorders(diagnosis: Diagnosis) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("disorder", overflow="fold")
    table.add_column("ICD-10-CM", overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("threshold", justify="right")
    table.add_column("sens. / spec.", justify="right")
    table.add_column("state")
    table.add_column("tier")
    for score in diagnosis.disorders:
        _add(table, score, str(score.rank))
    shown = list(diagnosis.disorders)
    if diagnosis.normal is not None:
        table.add_section()
        _add(table, diagnosis.normal, "")
        shown.append(diagnosis.normal)
    marks = {mark for score in shown for mark in _marks(score)}
    table.caption = "   ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items() if mark in marks)
    table.caption_justify = "left"
    return table


def _unseen(scores: Sequence[UnseenScore]) -> Table:
    """Below the others and never among them: these scores cannot be compared with a threshold, nor with theirs."""
    table = Table(box=None, pad_edge=False, header_style="bold", title="asked for by name, never learned by this model")
    table.title_justify = "left"
    table.add_column("#", justify="right")
    table.add_column("disorder", overflow="fold")
    table.add_column("ICD-10-CM", overflow="fold")
    table.add_column("score", justify="right")
    table.add_column("state")
    table.add_column("nearest disorder of the model", overflow="fold")
    for score in scores:
        table.add_row(
            str(score.rank),
            escape(score.name),
            ", ".join(score.icd10cm),
            f"~{score.probability:.3f}" if score.covered else "–",
            "unseen",
            f"{escape(score.nearest)} ({score.nearest_cosine:.2f})" if score.nearest else "",
            style="" if score.covered else "dim",
        )
    table.caption = "~ not calibrated, no threshold: neither positive nor negative"
    table.caption_justify = "left"
    return table


def _add(table: Table, score: DisorderScore, rank: str) -> None:
    marks = _marks(score)
    point = "not fitted"
    if score.sensitivity is not None and score.specificity is not None:
        point = f"{score.sensitivity:.2f} / {score.specificity:.2f}{' ?' if '?' in marks else ''}"
    # A score that means nothing is not shown beside scores that do.
    probability = "–" if score.state == "not assessed" else f"{'~' if '~' in marks else ''}{score.probability:.3f}"
    table.add_row(
        rank,
        escape(score.name),
        ", ".join(score.icd10cm) + ("*" if "*" in marks else ""),
        probability,
        f"{score.threshold:.3f}",
        point,
        score.state,
        score.tier,
        style=STYLES[score.state],
    )


def _marks(score: DisorderScore) -> set[str]:
    applies = {
        "~": not score.calibrated and score.state != "not assessed",
        "?": score.specificity is not None and not score.reliable,
        "*": bool(score.icd10cm) and score.icd10cm_matched_by_name,
    }
    return {mark for mark, applied in applies.items() if applied}


def _scans(diagnosis: Diagnosis) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("scan", "modality", "anatomy", "shape", "used", "the network saw / why not", "doubts"):
        table.add_column(title, overflow="fold")
    for report in diagnosis.scans:
        table.add_row(
            report.id,
            _marked(report.modality, report.modality_origin),
            _marked(report.anatomy, report.anatomy_origin),
            " x ".join(map(str, report.shape)),
            "yes" if report.used else "no",
            escape(report.saw if report.used else report.reason or ""),
            escape(_doubts(report)),
            style="" if report.used else "dim",
        )
    return table


def _marked(word: str, origin: str) -> str:
    return f"{word} ({origin})" if origin in ("guessed", "recognised") else word


def _doubts(report: ScanReport) -> str:
    doubts = ["unlike the training scans"] if report.out_of_distribution else []
    doubts += ["used by choice"] if report.overridden else []
    return "; ".join([*doubts, *(f"{warning.code}: {warning.message}" for warning in report.warnings)])
