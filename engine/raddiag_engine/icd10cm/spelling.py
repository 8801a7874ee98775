"""Known words near one that is not: mistyped, or not yet typed to its end. Knows nothing of what words mean."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SHORTEST_MISTYPED, SHORTEST_TWICE_MISTYPED, SHORTEST_BEGINNING = 4, 8, 3
LONGEST = 100  # letters of a word; slips are counted in bytes


class Spelling:
    """A vocabulary in which near words are found; each query compares with all of it at once."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        # Numbers are no words: 2024 is not a slip for 2023.
        self._words = sorted(
            word for word in set(vocabulary) if word.isascii() and word.isalpha() and len(word) <= LONGEST
        )
        lengths = np.array([len(word) for word in self._words], dtype=np.int64)
        self._letters_VL = (
            np.array(self._words, dtype=bytes).view(np.uint8).reshape(len(lengths), -1)
            if self._words
            else (np.zeros((0, 1), np.uint8))
        )
        self._lengths_V = lengths

    def near(self, word: str) -> dict[str, int]:
        """Words that differ by the fewest slips, with their number.

        A slip is one letter added, left out, replaced, or swapped with the next. One is forgiven in words of at least
        four letters, a second in those of at least eight.
        """
        most = (len(word) >= SHORTEST_MISTYPED) + (len(word) >= SHORTEST_TWICE_MISTYPED)
        if not most or len(word) > LONGEST or not word.isascii():
            return {}
        rows = np.flatnonzero(np.abs(self._lengths_V - len(word)) <= most)
        slips_R = _slips(word.encode(), self._letters_VL[rows], self._lengths_V[rows])
        fewest = int(slips_R.min(initial=most + 1))
        if fewest > most:
            return {}
        return {self._words[row]: fewest for row in rows[slips_R == fewest]}

    def completions(self, beginning: str) -> tuple[str, ...]:
        """The words that begin so; none for beginnings of fewer than three letters."""
        if len(beginning) < SHORTEST_BEGINNING:
            return ()
        first = bisect_left(self._words, beginning)
        last = bisect_left(self._words, beginning + "\x7f")
        return tuple(self._words[first:last])


def _slips(word: bytes, letters_RL: NDArray[np.uint8], lengths_R: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edit distance with swaps of neighbours (optimal string alignment) of one word to each row: (R,)."""
    rows, columns = letters_RL.shape
    before_last: NDArray[np.int8] | None = None
    last = np.repeat(np.arange(columns + 1, dtype=np.int8)[:, None], rows, axis=1)  # (columns + 1, rows)
    letters_LR = np.ascontiguousarray(letters_RL.T)
    for i, letter in enumerate(word):
        current = np.empty_like(last)
        current[0] = i + 1
        same_LR = letters_LR == letter
        for j in range(columns):
            current[j + 1] = np.minimum(np.minimum(last[j + 1], current[j]) + 1, last[j] + ~same_LR[j])
            if before_last is not None and j:
                swapped = same_LR[j - 1] & (letters_LR[j] == word[i - 1])
                current[j + 1] = np.where(swapped, np.minimum(current[j + 1], before_last[j - 1] + 1), current[j + 1])
        before_last, last = last, current
    return last[lengths_R, np.arange(rows)].astype(np.int64)
