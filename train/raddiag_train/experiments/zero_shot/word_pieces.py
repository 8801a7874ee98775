"""Texts as BERT's word pieces: lower case, without accents, the longest known pieces first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from raddiag_engine.errors import ModelError

FIRST, LAST, PADDING, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
LONGEST_WORD = 100
# A run of letters and digits, or one sign.
_WORD = re.compile(r"[^\W_]+|[^\s\w]|_")


class WordPieces:
    """A vocabulary.

    Args:
        pieces: In the order of their ids; "##" begins a piece that goes on a word.

    Raises:
        ModelError: It lacks the signs for beginning, end, padding and the unknown.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self._ids = {piece: index for index, piece in enumerate(pieces)}
        if missing := [sign for sign in (FIRST, LAST, PADDING, UNKNOWN) if sign not in self._ids]:
            raise ModelError(f"a vocabulary of word pieces without {missing[0]}; give the model's own vocab.txt")

    @classmethod
    def read(cls, path: Path) -> WordPieces:
        """From vocab.txt, a piece a line.

        Raises:
            ModelError: It is missing or no such file.
        """
        try:
            return cls(path.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{path}: no vocabulary of word pieces ({error}); it lies beside the weights") from error

    def __len__(self) -> int:
        return len(self._ids)

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text."""
        plain = unicodedata.normalize("NFD", text.lower())
        plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")
        return [piece for word in _WORD.findall(plain) for piece in self._of_word(word)]

    def encode(self, texts: Sequence[str], most_tokens: int) -> tuple[Tensor, Tensor]:
        """Ids and mask, (N, T) each, True where there is a piece; longer texts are cut off."""
        rows = [[FIRST, *self.pieces(text)[: most_tokens - 2], LAST] for text in texts]
        longest = max(map(len, rows))
        ids_NT = torch.full((len(rows), longest), self._ids[PADDING])
        for row, pieces in enumerate(rows):
            ids_NT[row, : len(pieces)] = torch.tensor([self._ids[piece] for piece in pieces])
        return ids_NT, ids_NT != self._ids[PADDING]

    def _of_word(self, word: str) -> list[str]:
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        found: list[str] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self._ids), None)
            if end is None:
                return [UNKNOWN]
            found.append(prefix + word[start:end])
            start = end
        return found
