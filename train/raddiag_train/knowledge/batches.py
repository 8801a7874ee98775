"""The pairs of a step: all of one format, so that every negative in it has the format of the positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from raddiag_train.knowledge.pair import KINDS, KnowledgePair, PairKind
from raddiag_train.knowledge.relations import Relations, related


@dataclass(frozen=True)
class KnowledgeBatch:
    """What a step learns from.

    Attributes:
        terms: B names.
        texts: C texts, the first B of them the positives, the rest hard negatives.
        allowed_BC: True where a text may be a negative of a term: of no related concept, and not its own words.
        own_BC: True for the hard negatives that were made for the term.
    """

    terms: tuple[str, ...]
    texts: tuple[str, ...]
    allowed_BC: Tensor
    own_BC: Tensor


class KnowledgeBatches:
    """Draws batches.

    Args:
        pairs: To learn from.
        shares: How often a pair of each kind is drawn, in any unit; kinds without pairs count nothing.
        size: Pairs of a batch.
        hard_negatives: Most hard negatives that a pair brings along.

    Raises:
        ValueError: No pair has a share.
    """

    def __init__(
        self, pairs: Sequence[KnowledgePair], shares: dict[PairKind, float], size: int, hard_negatives: int
    ) -> None:
        self._by_kind = {kind: [pair for pair in pairs if pair.kind == kind] for kind in KINDS}
        self._shares = torch.tensor([shares[kind] if self._by_kind[kind] else 0.0 for kind in KINDS])
        if self._shares.sum() <= 0:
            raise ValueError("no kind of pair has both pairs and a share")
        self._size = size
        self._hard_negatives = hard_negatives
        self._relations = Relations(pairs)

    def draw(self, generator: torch.Generator) -> KnowledgeBatch:
        """A batch of descriptions, or one of names (synonyms and narrower terms mixed), by their shares."""
        kinds = [KINDS[int(torch.multinomial(self._shares, 1, generator=generator))]]
        if kinds[0] != "description":
            names = self._shares.clone()
            names[KINDS.index("description")] = 0
            drawn = torch.multinomial(names, self._size, replacement=True, generator=generator)
            kinds = [KINDS[int(number)] for number in drawn]
        else:
            kinds *= self._size
        pairs = [self._draw_pair(kind, generator) for kind in kinds]
        return self._batch(pairs, generator)

    def _draw_pair(self, kind: PairKind, generator: torch.Generator) -> KnowledgePair:
        pairs = self._by_kind[kind]
        return pairs[int(torch.randint(len(pairs), (1,), generator=generator))]

    def _batch(self, pairs: list[KnowledgePair], generator: torch.Generator) -> KnowledgeBatch:
        texts, concepts, owners = [p.text for p in pairs], [p.text_concept for p in pairs], [-1] * len(pairs)
        for row, pair in enumerate(pairs):
            order = torch.randperm(len(pair.hard_negatives), generator=generator)[: self._hard_negatives]
            for negative in (pair.hard_negatives[int(place)] for place in order):
                texts.append(negative.text)
                concepts.append(negative.concept)
                owners.append(row)
        columns_CL = self._relations.lines(concepts)
        close_BC = related(self._relations.lines([p.concept for p in pairs]), columns_CL)
        close_BC |= related(self._relations.lines([p.text_concept for p in pairs]), columns_CL)
        numbers = {text: number for number, text in enumerate(dict.fromkeys((*texts, *(p.term for p in pairs))))}
        texts_C = torch.tensor([numbers[text] for text in texts])
        for own in (texts_C[: len(pairs)], torch.tensor([numbers[pair.term] for pair in pairs])):
            close_BC |= own[:, None] == texts_C
        own_BC = torch.arange(len(pairs))[:, None] == torch.tensor(owners)
        return KnowledgeBatch(tuple(pair.term for pair in pairs), tuple(texts), ~close_BC, own_BC)
