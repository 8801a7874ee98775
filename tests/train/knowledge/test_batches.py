"""A batch has one format; no text of it is a negative of a term that it belongs to."""

from __future__ import annotations

import pytest
import torch

from raddiag_train.knowledge.batches import KnowledgeBatches
from raddiag_train.knowledge.concept import Concept
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.relations import Relations, related
from tests.train.knowledge.families import concepts

SHARES = {"synonym": 1.0, "hierarchy": 1.0, "description": 1.0}


@pytest.fixture(scope="module")
def pairs() -> list[KnowledgePair]:
    return list(make_pairs(concepts(), PairConfig(held_out=0.0)))


def test_a_concept_is_related_to_itself_and_its_line_only(pairs: list[KnowledgePair]) -> None:
    relations = Relations(pairs)
    names = ["F:1", "F:1.0", "F:1.1", "F:2", "F:2.0"]
    lines = relations.lines(names)
    found = related(lines, lines)
    expected = {("F:1", "F:1.0"), ("F:1", "F:1.1"), ("F:2", "F:2.0")}
    for row, one in enumerate(names):
        for column, other in enumerate(names):
            assert bool(found[row, column]) == (one == other or (one, other) in expected or (other, one) in expected)


def test_concepts_of_two_sources_are_the_same_if_their_code_is() -> None:
    def synonym(concept: str, code: str) -> KnowledgePair:
        return KnowledgePair("synonym", "a", concept, "b", concept, "name", "s", "train", (code,))

    def narrower(parent: str, child: str, code: str) -> KnowledgePair:
        return KnowledgePair("hierarchy", "a", parent, "b", child, "name", "s", "train", (code,))

    code_pairs = [
        narrower("ICD10CM:J93", "ICD10CM:J93.0", "J93.0"),
        synonym("DOID:1", "J93.0"),
        synonym("DOID:2", "J94"),
    ]
    lines = Relations(code_pairs).lines(["ICD10CM:J93", "ICD10CM:J93.0", "DOID:1", "DOID:2"])
    assert related(lines, lines).tolist() == [[True, True, True, False]] * 3 + [[False, False, False, True]]


def test_batches_keep_their_format_and_their_negatives_apart(pairs: list[KnowledgePair]) -> None:
    parents = {pair.text_concept: pair.concept for pair in pairs if pair.kind == "hierarchy"}
    of_text = {pair.text: pair.text_concept for pair in pairs}
    of_text |= {pair.term: pair.concept for pair in pairs}
    descriptions = {pair.text for pair in pairs if pair.kind == "description"}
    batches = KnowledgeBatches(pairs, SHARES, size=16, hard_negatives=2)
    formats, own = set(), 0
    for seed in range(30):
        batch = batches.draw(torch.Generator().manual_seed(seed))
        assert len(batch.terms) == 16
        formats.add(len(set(batch.texts) & descriptions) / len(set(batch.texts)))
        own += int((batch.own_BC & batch.allowed_BC).sum())
        for row, term in enumerate(batch.terms):
            assert not batch.allowed_BC[row, row]
            for column, text in enumerate(batch.texts):
                one, other = of_text[term], of_text[text]
                if one == other or parents.get(one) == other or parents.get(other) == one:
                    assert not batch.allowed_BC[row, column]
        assert batch.allowed_BC.float().mean() > 0.7
    assert formats == {0.0, 1.0}
    assert own > 500


def test_draws_follow_from_the_generator(pairs: list[KnowledgePair]) -> None:
    batches = KnowledgeBatches(pairs, SHARES, size=8, hard_negatives=2)
    one, same, other = (batches.draw(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert one.texts == same.texts
    assert one.texts != other.texts


def test_shares_without_pairs_are_refused(pairs: list[KnowledgePair]) -> None:
    names = [pair for pair in pairs if pair.kind == "synonym"]
    with pytest.raises(ValueError, match="no kind of pair"):
        KnowledgeBatches(names, {"synonym": 0.0, "hierarchy": 1.0, "description": 1.0}, 8, 2)
    batch = KnowledgeBatches(names, SHARES, 8, 2).draw(torch.Generator().manual_seed(0))
    assert len(batch.terms) == 8


def test_a_kind_of_two_things_is_a_negative_of_neither() -> None:
    two = Concept("X:3", "third", "x", synonyms=("another third",), parents=("X:1", "X:2"))
    made = [Concept("X:1", "first", "x"), Concept("X:2", "second", "x"), two]
    batches = KnowledgeBatches(list(make_pairs(made, PairConfig(held_out=0.0))), SHARES, size=16, hard_negatives=2)
    batch = batches.draw(torch.Generator().manual_seed(0))
    rows = [row for row, term in enumerate(batch.terms) if term == "second"]
    columns = [column for column, text in enumerate(batch.texts) if text == "another third"]
    assert rows
    assert columns
    assert not batch.allowed_BC[rows][:, columns].any()
