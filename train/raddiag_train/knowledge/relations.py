"""Which concepts are too close to be each other's negatives: the same one, or one above the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.sources.icd10cm import PREFIX

_MOST_LEVELS = 12


class Relations:
    """The relations that the pairs tell; a concept of another source counts as its ICD-10-CM code, if it has one.

    Args:
        pairs: All that are learned from.
    """

    def __init__(self, pairs: Iterable[KnowledgePair]) -> None:
        self._same: dict[str, str] = {}
        parents: dict[str, str] = {}
        for pair in pairs:
            if len(pair.icd10cm) == 1:
                self._same[pair.text_concept] = PREFIX + pair.icd10cm[0]
            if pair.kind == "hierarchy":
                parents.setdefault(pair.text_concept, pair.concept)
        self._parents = {self._one(child): self._one(parent) for child, parent in parents.items()}
        self._numbers: dict[str, int] = {}
        self._lines: dict[str, list[int]] = {}

    def lines(self, concepts: Sequence[str]) -> Tensor:
        """Each concept and those above it, as numbers, from itself upwards, -1 where there is none: (N, levels)."""
        lines = [self._line(concept) for concept in concepts]
        return torch.tensor([line + [-1] * (_MOST_LEVELS - len(line)) for line in lines], dtype=torch.int64)

    def _line(self, concept: str) -> list[int]:
        if concept not in self._lines:
            names: list[str] = []
            above: str | None = self._one(concept)
            while above is not None and above not in names and len(names) < _MOST_LEVELS:
                names.append(above)
                above = self._parents.get(above)
            self._lines[concept] = [self._numbers.setdefault(name, len(self._numbers)) for name in names]
        return self._lines[concept]

    def _one(self, concept: str) -> str:
        return self._same.get(concept, concept)


def related(rows_BL: Tensor, columns_CL: Tensor) -> Tensor:
    """True where one of two concepts is the other or above it: (B, C), from their lines."""
    row_above = (rows_BL[:, None, :1] == columns_CL[None]).any(-1)
    column_above = (columns_CL[None, :, :1] == rows_BL[:, None]).any(-1)
    return row_above | column_above
