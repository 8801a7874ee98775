"""Which disorders are shown: positives always, the others by text, chapter and rank. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from napari_raddiag.data_models.icd10cm_chapters import Chapter, chapters_of
from raddiag_engine.diagnosis.result import DisorderScore

TOP = 20


@dataclass(frozen=True)
class Shown:
    """What a filter leaves.

    Attributes:
        scores: In the order given.
        hidden_positives: Positive disorders that the text hides; to be said in the panel.
    """

    scores: tuple[DisorderScore, ...]
    hidden_positives: int


@dataclass(frozen=True)
class DisorderFilter:
    """Keeps the rank order. A positive is hidden by a text that does not fit it and by nothing else.

    Attributes:
        text: Words that must all be in the name or the codes; empty for any.
        chapter: Number of an ICD-10-CM chapter; None for any.
        top: How many disorders are shown; it counts among those that fit text and chapter, so that a disorder of any
            rank can be found. None for all.
    """

    text: str = ""
    chapter: int | None = None
    top: int | None = TOP

    def apply(self, scores: tuple[DisorderScore, ...]) -> Shown:
        """The disorders to be shown of `scores`, which begin with the positive ones."""
        words = self.text.casefold().split()
        fitting = [score for score in scores if _fits(score, words)] if words else scores
        positives = [score for score in fitting if score.state == "positive"]
        hidden = sum(score.state == "positive" for score in scores) - len(positives)
        others: Iterable[DisorderScore] = (score for score in fitting if score.state != "positive")
        if self.chapter is not None:
            others = (score for score in others if _is_of(score, self.chapter))
        kept = list(others)
        if self.top is not None:
            kept = kept[: max(self.top - len(positives), 0)]
        return Shown((*positives, *kept), hidden)


def chapters_in(scores: Iterable[DisorderScore]) -> tuple[Chapter, ...]:
    """The chapters that occur, in the order of the classification."""
    found: set[Chapter] = set()
    for codes in {score.icd10cm for score in scores}:
        found.update(chapters_of(codes))
    return tuple(sorted(found, key=lambda chapter: chapter.number))


def _fits(score: DisorderScore, words: list[str]) -> bool:
    key = f"{score.name} {' '.join(score.icd10cm)}".casefold()
    return all(word in key for word in words)


def _is_of(score: DisorderScore, number: int) -> bool:
    return any(chapter.number == number for chapter in chapters_of(score.icd10cm))
