"""Which disorders are shown: positives always, the others by text, chapter and rank."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel

from napari_raddiag.data_models.disorder_table import DisorderTable
from napari_raddiag.data_models.icd10cm_chapters import Chapter, chapters_of
from raddiag_engine.diagnosis.result import DisorderScore

TOP = 20


class DisorderFilter(QSortFilterProxyModel):
    """Keeps the rank order. A positive is hidden by a text that does not fit it and by nothing else.

    "Top" counts among the disorders that fit the text and the chapter, so that a disorder of any rank can be found.
    """

    def __init__(self, table: DisorderTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._text = ""
        self._chapter: int | None = None
        self._top: int | None = TOP
        self._accepted: list[bool] = []
        self._keys: list[str] = []
        self._chapters: list[tuple[Chapter, ...]] = []
        self._hidden_positives = 0
        self._index_rows()
        self.setSourceModel(table)
        # What is accepted belongs to the old rows; it is made anew when the proxy first asks for the new ones.
        table.modelAboutToBeReset.connect(self._forget)

    @property
    def hidden_positives(self) -> int:
        """Positive disorders that the text hides."""
        self._ensure_indexed()
        return self._hidden_positives

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters that occur, in the order of the classification."""
        self._ensure_indexed()
        found = {chapter for chapters in self._chapters for chapter in chapters}
        return tuple(sorted(found, key=lambda chapter: chapter.number))

    def set_text(self, text: str) -> None:
        """Show disorders whose name or codes hold every word of `text`; empty shows all."""
        self._text = text
        self._apply()

    def set_chapter(self, number: int | None) -> None:
        """Show disorders of this chapter, besides the positives; None shows all."""
        self._chapter = number
        self._apply()

    def set_top(self, top: int | None) -> None:
        """Show the first `top` disorders that fit, besides the positives; None shows all."""
        self._top = top
        self._apply()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        """True if the row is shown."""
        self._ensure_indexed()
        return self._accepted[source_row]

    def _forget(self) -> None:
        self._accepted, self._keys, self._chapters = [], [], []
        self._hidden_positives = 0

    def _ensure_indexed(self) -> None:
        if len(self._accepted) != len(self._table.scores):
            self._index_rows()

    def _index_rows(self) -> None:
        scores = self._table.scores
        self._keys = [f"{score.name} {' '.join(score.icd10cm)}".casefold() for score in scores]
        self._chapters = [chapters_of(score.icd10cm) for score in scores]
        self._decide()

    def _apply(self) -> None:
        self._decide()
        self.invalidate()

    def _decide(self) -> None:
        words = self._text.casefold().split()
        room = len(self._keys) if self._top is None else self._top
        self._accepted, self._hidden_positives = [], 0
        for score, key, chapters in zip(self._table.scores, self._keys, self._chapters, strict=True):
            fits = all(word in key for word in words)
            accepted = fits and (_is_positive(score) or (room > 0 and self._is_of_chapter(chapters)))
            self._hidden_positives += _is_positive(score) and not fits
            self._accepted.append(accepted)
            # Positives come first and count, as in "top 20".
            room -= accepted

    def _is_of_chapter(self, chapters: tuple[Chapter, ...]) -> bool:
        return self._chapter is None or any(chapter.number == self._chapter for chapter in chapters)


def _is_positive(score: DisorderScore) -> bool:
    return score.state == "positive"
