"""From disorders to ICD-10-CM codes: several annotators each, an adjudicator where they differ (section 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from raddiag_train.collection.agreement import Agreement, agreement_of
from raddiag_train.collection.article import Article
from raddiag_train.collection.code_sheet import NO_CODE, AskedCode, read_codes
from raddiag_train.collection.decision_log import Decision, DecisionLog
from raddiag_train.collection.icd10cm_candidates import Candidates, described
from raddiag_train.collection.settings import BuildSettings
from raddiag_train.collection.yes_or_no_sheet import SheetState


@dataclass(frozen=True)
class Mapped:
    """What the annotators and the adjudicator said so far.

    Attributes:
        codes: Key of the article -> code, or "none"; of those that are settled.
        agreement: On codes and on categories; None before the annotators are done.
        sheets: How far each is.
    """

    codes: Mapping[str, str]
    agreement: tuple[Agreement, Agreement] | None
    sheets: tuple[SheetState, ...]


def annotators_of(article: Article, annotators: Sequence[str], per_disorder: int, seed: int) -> tuple[str, ...]:
    """Who codes a disorder: every choice of so many annotators gets about equally many.

    By hash of the title, so that nobody's share changes when a disorder is added or taken away.
    """
    choices = list(combinations(annotators, per_disorder))
    drawn = int.from_bytes(hashlib.sha256(f"{seed} {article.key}".encode()).digest()[:8], "big")
    return choices[drawn % len(choices)]


def map_disorders(
    disorders: Sequence[Article],
    candidates: Mapping[str, Candidates],
    known: Mapping[str, Article],
    folder: Path,
    settings: BuildSettings,
    log: DecisionLog,
) -> Mapped:
    """Make or read the annotators' sheets; once these are complete, the adjudicator's.

    Args:
        disorders: To be mapped.
        candidates: Title -> codes to choose from.
        known: Key -> article, all of them.
        folder: Work folder; the sheets are mapping/NAME.csv and adjudication.csv.
        settings: Who annotates.
        log: Of the decisions.

    Raises:
        ConfigError: A sheet is spoilt.
    """
    codes: dict[str, dict[str, str]] = {}
    comments: dict[str, list[str]] = {}
    sheets = []
    for name in settings.annotators:
        asked = [
            AskedCode(article, candidates[article.title])
            for article in disorders
            if name in annotators_of(article, settings.annotators, settings.annotators_per_disorder, settings.seed)
        ]
        path = folder / "mapping" / f"{name}.csv"
        sheet = read_codes(path, "mapping", asked, known, name, settings.candidates, log)
        codes[name] = dict(sheet.codes)
        for key, comment in sheet.comments.items():
            comments.setdefault(key, []).append(f"{name}: {comment}")
        sheets.append(sheet.state)
    if any(sheet.open_rows for sheet in sheets):
        return Mapped({}, None, tuple(sheets))
    agreement = agreement_of(codes, settings.annotators_per_disorder)
    settled = _agreed(disorders, codes)
    open_ones = [
        AskedCode(article, candidates[article.title], _said(article.key, codes, comments))
        for article in disorders
        if article.key not in settled
    ]
    path = folder / "adjudication.csv"
    sheet = read_codes(path, "adjudication", open_ones, known, settings.adjudicator, settings.candidates, log)
    if open_ones:
        sheets.append(sheet.state)
    for article in disorders:
        if article.key in settled:
            names = [name for name, own in codes.items() if article.key in own]
            source = f"agreement of {', '.join(names)}" if len(names) > 1 else f"{names[0]} alone"
            log.add(Decision("code", article.title, settled[article.key], source))
        elif article.key in sheet.codes:
            log.add(Decision("code", article.title, sheet.codes[article.key], "adjudication"))
    return Mapped({**settled, **sheet.codes}, agreement, tuple(sheets))


def _agreed(disorders: Sequence[Article], codes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The codes of disorders on which all their annotators agree."""
    agreed = {}
    for article in disorders:
        given = {own[article.key] for own in codes.values() if article.key in own}
        if len(given) == 1:
            agreed[article.key] = given.pop()
    return agreed


def _said(key: str, codes: Mapping[str, Mapping[str, str]], comments: Mapping[str, list[str]]) -> str:
    given = [
        f"{name}: {own[key] if own[key] == NO_CODE else described(own[key])}"
        for name, own in codes.items()
        if key in own
    ]
    return "; ".join([*given, *(f"({comment})" for comment in comments.get(key, ()))])
