"""Sheets that ask for the ICD-10-CM code of each disorder: those of the annotators, and that of the adjudication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.icd10cm import UnknownCode, icd10cm
from raddiag_engine.icd10cm.code import CODE, dotted
from raddiag_train.collection.article import Article
from raddiag_train.collection.decision_log import Decision, DecisionLog, Stage
from raddiag_train.collection.icd10cm_candidates import Candidates, described
from raddiag_train.collection.spreadsheet import ID, Sheet, SheetRow
from raddiag_train.collection.yes_or_no_sheet import SheetState

NO_CODE = "none"
_FILL_IN = f"code: a code, the number of a candidate, or {NO_CODE}"


@dataclass(frozen=True)
class AskedCode:
    """One row of a sheet.

    Attributes:
        article: The disorder's.
        candidates: To choose from.
        said: What the annotators said, for the adjudicator; empty for an annotator, who must not know.
    """

    article: Article
    candidates: Candidates
    said: str = ""


@dataclass(frozen=True)
class CodedSheet:
    """The codes so far.

    Attributes:
        codes: Key of the article -> code, or "none".
        comments: Key -> comment, where there is one.
        state: How far the sheet is.
    """

    codes: Mapping[str, str]
    comments: Mapping[str, str]
    state: SheetState


def read_codes(
    path: Path,
    stage: Stage,
    asked: Sequence[AskedCode],
    known: Mapping[str, Article],
    annotator: str,
    most_candidates: int,
    log: DecisionLog,
) -> CodedSheet:
    """Make the sheet or fill it up, and take its codes over into the log.

    Args:
        path: Of the sheet.
        stage: Of the decisions.
        asked: In the order of the rows.
        known: Key -> article, all of them.
        annotator: Whose sheet it is.
        most_candidates: Columns of candidates.
        log: Of the decisions.

    Raises:
        ConfigError: The sheet is spoilt, or an answer is no code; names the line.
    """
    numbered = [f"candidate {place}" for place in range(1, most_candidates + 1)]
    said = ["annotators"] if stage == "adjudication" else []
    columns = (ID, "disorder", "definition", *said, *numbered, "code", "comment")
    wanted = {one.article.id: _cells(one, numbered) for one in asked}
    names = {article.id: article.title for article in known.values()}
    rows = Sheet(path, columns, "disorder").fill_up(wanted, names)
    codes: dict[str, str] = {}
    comments: dict[str, str] = {}
    for one in asked:
        row = rows[one.article.id]
        if not row.cells["code"]:
            continue
        code = _code(row, one.candidates.codes)
        codes[one.article.key] = code
        if row.cells["comment"]:
            comments[one.article.key] = row.cells["comment"]
        log.add(
            Decision(
                stage=stage,
                item=one.article.title,
                answer=code,
                source=path.name,
                annotator=annotator,
                note=row.cells["comment"],
            )
        )
    return CodedSheet(codes, comments, SheetState(path, len(asked), len(asked) - len(codes), _FILL_IN))


def _cells(asked: AskedCode, numbered: Sequence[str]) -> dict[str, str]:
    return {
        ID: asked.article.id,
        "disorder": asked.article.title,
        "definition": asked.article.definition,
        "annotators": asked.said,
        **dict(zip(numbered, map(described, asked.candidates.codes), strict=False)),
    }


def _code(row: SheetRow, candidates: Sequence[str]) -> str:
    """The code that was written: as such, with its name behind it, or as the number of a candidate."""
    written = row.cells["code"]
    if written.casefold() == NO_CODE:
        return NO_CODE
    if written.isdecimal():
        place = int(written)
        if not 1 <= place <= len(candidates):
            raise row.fault(f"there is no candidate {written}; there are {len(candidates)}")
        return candidates[place - 1]
    code = dotted(written.split()[0])
    if not CODE.fullmatch(code):
        raise row.fault(
            f"{written[:40]!r} is no ICD-10-CM code such as J93.9, no number of a candidate, nor {NO_CODE!r}"
        )
    try:
        return icd10cm()[code].code
    except UnknownCode as error:
        raise row.fault(str(error)) from None
