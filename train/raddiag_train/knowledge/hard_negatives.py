"""Near misses of a pair, in the format of its text: what is beside the term, and what an expert excludes from it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, zip_longest

from raddiag_train.knowledge.concept_graph import ConceptGraph
from raddiag_train.knowledge.holdout import Holdout, name_key
from raddiag_train.knowledge.pair import HardNegative, PairKind, Reason, TextFormat


class HardNegatives:
    """Draws the hard negatives of pairs.

    Args:
        graph: All concepts.
        holdout: Its names occur in no negative of a training pair, and in those of the others only.
        count: Most of a pair.
        seed: Of the draw, which also depends on the pair.
    """

    def __init__(self, graph: ConceptGraph, holdout: Holdout, count: int, seed: int) -> None:
        self._graph = graph
        self._holdout = holdout
        self._count = count
        self._seed = seed

    def draw(
        self, kind: PairKind, concept: str, text: str, text_concept: str, form: TextFormat
    ) -> tuple[HardNegative, ...]:
        """Up to `count`, in turn one that an expert has marked and one that is beside, each drawn at random."""
        generator = random.Random(f"{self._seed} {kind} {concept} {text}")
        related = {concept, text_concept, *self._graph.ancestors(concept), *self._graph.children(concept)}
        own = {name_key(name) for one in (concept, text_concept) for name in self._graph.concepts[one].names}
        own.add(name_key(text))
        marked: list[tuple[Reason, str]] = [("excludes1", one) for one in self._graph.excluded(concept)]
        beside: list[tuple[Reason, str]] = [("sibling", one) for one in self._beside(kind, concept)]
        generator.shuffle(marked)
        generator.shuffle(beside)
        drawn: dict[str, HardNegative] = {}
        for why, other in _in_turn(marked, beside):
            if len(drawn) == self._count:
                break
            texts = [] if other in related else list(self._texts(other, form))
            chosen = generator.choice(texts) if texts else text
            if chosen != text and name_key(chosen) not in own:
                drawn.setdefault(chosen, HardNegative(chosen, other, why))
        return tuple(drawn.values())

    def _beside(self, kind: PairKind, concept: str) -> tuple[str, ...]:
        """Siblings; for a narrower term the children of the siblings, as J96.0 is to J93 and its J93.0."""
        siblings = self._graph.siblings(concept)
        if kind != "hierarchy":
            return siblings
        return tuple(child for sibling in siblings for child in self._graph.children(sibling))

    def _texts(self, identifier: str, form: TextFormat) -> Iterator[str]:
        concept = self._graph.concepts[identifier]
        if form == "name":
            yield from (name for name in concept.names if name not in self._holdout)
        else:
            for description in concept.descriptions:
                if not self._holdout.holds_text(description.text, description.mentions):
                    yield description.text


def _in_turn(*lists: list[tuple[Reason, str]]) -> Iterator[tuple[Reason, str]]:
    """One of each list, then the next of each."""
    yield from (item for item in chain.from_iterable(zip_longest(*lists)) if item is not None)
