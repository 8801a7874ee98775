"""Training pairs of the paper's three kinds from concepts: synonyms, hierarchy, descriptions (section 4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from raddiag_train.knowledge.concept import Concept
from raddiag_train.knowledge.concept_graph import ConceptGraph
from raddiag_train.knowledge.hard_negatives import HardNegatives
from raddiag_train.knowledge.holdout import Holdout, name_key
from raddiag_train.knowledge.pair import KnowledgePair, PairKind, TextFormat


@dataclass(frozen=True)
class PairConfig:
    """How pairs are made.

    Attributes:
        held_out: Share of the names, and of the descriptions, that is kept out of training.
        hard_negatives: Most hard negatives of a pair.
        seed: Of every draw.
    """

    held_out: float = 0.1
    hard_negatives: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out is {self.held_out}, but must be at least 0 and below 1")
        if self.hard_negatives < 0:
            raise ValueError(f"hard_negatives is {self.hard_negatives}, but must not be negative")


def make_pairs(concepts: Iterable[Concept], config: PairConfig) -> Iterator[KnowledgePair]:
    """All pairs, those kept out of training marked.

    A pair is kept out if its term or its text is: then neither occurs anywhere in training, not even as a negative. A
    definition from elsewhere may still mention such a name in its wording.

    Raises:
        ConfigError: Two concepts have the same identifier.
    """
    graph = ConceptGraph(concepts)
    protected = (concept.name for concept in graph.concepts.values() if concept.first_level)
    holdout = Holdout(config.held_out, config.seed, protected)
    negatives = HardNegatives(graph, holdout, config.hard_negatives, config.seed)
    made: set[tuple[PairKind, str, str]] = set()
    for concept in graph.concepts.values():
        for kind, term, term_concept, text, out in _of_concept(concept, graph, holdout):
            # Sources repeat each other, and themselves in another spelling.
            if (kind, term, text) in made or (kind != "description" and term.casefold() == text.casefold()):
                continue
            made.add((kind, term, text))
            form: TextFormat = "description" if kind == "description" else "name"
            yield KnowledgePair(
                kind,
                term,
                term_concept.identifier,
                text,
                concept.identifier,
                form,
                concept.source,
                "held_out" if out else "train",
                concept.icd10cm,
                negatives.draw(kind, term_concept.identifier, text, concept.identifier, form),
            )


def _of_concept(
    concept: Concept, graph: ConceptGraph, holdout: Holdout
) -> Iterator[tuple[PairKind, str, Concept, str, bool]]:
    """Kind, term, its concept, text, and whether it is kept out, of the pairs whose text is this concept's."""
    name_out = concept.name in holdout
    for synonym in concept.synonyms:
        yield "synonym", concept.name, concept, synonym, name_out or synonym in holdout
    for parent in (graph.concepts[identifier] for identifier in graph.parents(concept.identifier)):
        if name_key(parent.name) != name_key(concept.name):
            yield "hierarchy", parent.name, parent, concept.name, name_out or parent.name in holdout
    for description in concept.descriptions:
        out = name_out or holdout.holds_text(description.text, description.mentions)
        yield "description", concept.name, concept, description.text, out
