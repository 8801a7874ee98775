"""The concepts of all sources together: who is above, below, beside and excluded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from raddiag_engine.errors import ConfigError
from raddiag_train.knowledge.concept import Concept


class ConceptGraph:
    """Concepts by identifier, with their relations; those to concepts that no source has are left out.

    Raises:
        ConfigError: Two concepts have the same identifier.
    """

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts: dict[str, Concept] = {}
        for concept in concepts:
            if concept.identifier in self.concepts:
                here, there = concept.source, self.concepts[concept.identifier].source
                raise ConfigError(f"{here}: {concept.identifier} is there twice, the first time in {there}")
            self.concepts[concept.identifier] = concept
        self._children: dict[str, list[str]] = defaultdict(list)
        self._excluded: dict[str, dict[str, None]] = defaultdict(dict)
        for concept in self.concepts.values():
            for parent in concept.parents:
                if parent in self.concepts:
                    self._children[parent].append(concept.identifier)
            for other in concept.excluded:
                if other in self.concepts and other != concept.identifier:
                    # "Not this" holds both ways.
                    self._excluded[concept.identifier][other] = None
                    self._excluded[other][concept.identifier] = None

    def parents(self, identifier: str) -> tuple[str, ...]:
        """One level up."""
        return tuple(parent for parent in self.concepts[identifier].parents if parent in self.concepts)

    def children(self, identifier: str) -> tuple[str, ...]:
        """One level down."""
        return tuple(self._children[identifier])

    def siblings(self, identifier: str) -> tuple[str, ...]:
        """The other children of its parents."""
        beside = (child for parent in self.parents(identifier) for child in self._children[parent])
        return tuple(dict.fromkeys(child for child in beside if child != identifier))

    def ancestors(self, identifier: str) -> frozenset[str]:
        """Everything above."""
        above: set[str] = set()
        waiting = list(self.parents(identifier))
        while waiting:
            parent = waiting.pop()
            if parent not in above:
                above.add(parent)
                waiting.extend(self.parents(parent))
        return frozenset(above)

    def excluded(self, identifier: str) -> tuple[str, ...]:
        """What an expert has marked as something else, for it or for what it is a kind of."""
        line = (identifier, *sorted(self.ancestors(identifier)))
        others = dict.fromkeys(other for one in line for other in self._excluded[one])
        return tuple(other for other in others if other not in line)
