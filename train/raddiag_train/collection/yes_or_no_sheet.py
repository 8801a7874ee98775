"""Sheets that ask of each article whether it is about a disorder: the review of what the filter leaves open, and the
check of a sample of what it decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_train.collection.article import Article, whole_sentences
from raddiag_train.collection.decision_log import Decision, DecisionLog, Stage
from raddiag_train.collection.spreadsheet import ID, Sheet

_ANSWERS = {"yes": True, "y": True, "no": False, "n": False}
_COLUMNS = (ID, "title", "text", "reason", "is_disorder", "annotator", "comment")
_TEXT_CHARACTERS = 400


@dataclass(frozen=True)
class SheetState:
    """How far a sheet is.

    Attributes:
        path: Of the sheet.
        rows: That it should have.
        open_rows: Without an answer.
        column: To be filled in, and with what.
    """

    path: Path
    rows: int
    open_rows: int
    column: str


@dataclass(frozen=True)
class AnsweredSheet:
    """The answers so far.

    Attributes:
        answers: Key of the article -> True for a disorder.
        state: How far it is.
    """

    answers: Mapping[str, bool]
    state: SheetState


def read_answers(
    path: Path,
    stage: Stage,
    asked: Sequence[tuple[Article, str]],
    known: Mapping[str, Article],
    annotator: str,
    log: DecisionLog,
) -> AnsweredSheet:
    """Make the sheet or fill it up, and take its answers over into the log.

    Args:
        path: Of the sheet.
        stage: Of the decisions.
        asked: Articles in the order of the rows, each with the reason that the row shows.
        known: Key -> article, all of them.
        annotator: Who is to fill it in; rows may name others.
        log: Of the decisions.

    Raises:
        ConfigError: The sheet is spoilt, or an answer is neither yes nor no; names the line.
    """
    column = _COLUMNS[4]
    wanted = {
        article.id: {
            ID: article.id,
            "title": article.title,
            "text": whole_sentences(article.text or article.definition, _TEXT_CHARACTERS),
            "reason": reason,
            "annotator": annotator,
        }
        for article, reason in asked
    }
    titles = {article.id: article.title for article in known.values()}
    rows = Sheet(path, _COLUMNS, "title").fill_up(wanted, titles)
    answers: dict[str, bool] = {}
    for article, _ in asked:
        row = rows[article.id]
        written = row.cells[column].casefold()
        if not written:
            continue
        if written not in _ANSWERS:
            raise row.fault(f"the answer {row.cells[column][:40]!r} is neither yes nor no")
        answers[article.key] = _ANSWERS[written]
        log.add(
            Decision(
                stage=stage,
                item=article.title,
                answer="yes" if answers[article.key] else "no",
                source=path.name,
                annotator=row.cells["annotator"] or annotator,
                note=row.cells["comment"],
            )
        )
    return AnsweredSheet(answers, SheetState(path, len(asked), len(asked) - len(answers), f"{column}: yes or no"))
