"""Pairs of the paper's three kinds; negatives in the positives' format; what is kept out stays out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import icd10cm
from raddiag_train.knowledge.concept import Concept, Description
from raddiag_train.knowledge.holdout import Holdout, name_key
from raddiag_train.knowledge.pair import KnowledgePair, read_pairs, write_pairs
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.sources.icd10cm import icd10cm_concepts


@pytest.fixture(scope="module")
def pairs() -> list[KnowledgePair]:
    return list(make_pairs(icd10cm_concepts(icd10cm()), PairConfig(held_out=0.1)))


def pair_of(pairs: list[KnowledgePair], kind: str, term: str, text: str) -> KnowledgePair:
    (found,) = [pair for pair in pairs if (pair.kind, pair.term, pair.text) == (kind, term, text)]
    return found


def test_the_three_kinds_of_the_paper(pairs: list[KnowledgePair]) -> None:
    synonym = pair_of(pairs, "synonym", "Other air leak", "Persistent air leak")
    assert (synonym.concept, synonym.icd10cm, synonym.format) == ("ICD10CM:J93.82", ("J93.82",), "name")
    narrower = pair_of(pairs, "hierarchy", "Pneumothorax and air leak", "Spontaneous tension pneumothorax")
    assert (narrower.concept, narrower.text_concept) == ("ICD10CM:J93", "ICD10CM:J93.0")
    (described,) = [pair for pair in pairs if pair.kind == "description" and pair.term == "Other air leak"]
    assert described.format == "description"
    assert all(pair.source == "ICD-10-CM 2026-04-01" for pair in pairs)


def test_siblings_and_excluded_codes_are_hard_negatives(pairs: list[KnowledgePair]) -> None:
    table = icd10cm()
    excludes = pair_of(pairs, "synonym", "Pneumothorax, unspecified", "Pneumothorax NOS").hard_negatives
    assert {negative.why for negative in excludes} == {"sibling", "excludes1"}
    for negative in excludes:
        code = negative.concept.removeprefix("ICD10CM:")
        # J93.9 inherits the excludes1 note of J93.
        assert table.parent(code) == "J93" if negative.why == "sibling" else not code.startswith("J93")
    narrower = pair_of(pairs, "hierarchy", "Pneumothorax and air leak", "Spontaneous tension pneumothorax")
    cousins = [negative.concept[8:11] for negative in narrower.hard_negatives if negative.why == "sibling"]
    assert cousins
    assert "J93" not in cousins


def test_negatives_keep_the_format_and_are_never_the_same_thing(pairs: list[KnowledgePair]) -> None:
    names = {name for code in icd10cm().codes() for name in icd10cm()[code].names}
    texts = {pair.text for pair in pairs if pair.kind == "description"}
    for pair in pairs[::7]:
        for negative in pair.hard_negatives:
            assert negative.concept not in (pair.concept, pair.text_concept)
            assert name_key(negative.text) != name_key(pair.text)
            if pair.format == "description":
                assert negative.text in texts
            else:
                assert negative.text not in texts
    assert sum(negative.text in names for pair in pairs[:5000] for negative in pair.hard_negatives) > 5000


def test_a_share_of_the_terms_is_kept_out(pairs: list[KnowledgePair]) -> None:
    for kind, expected in (("synonym", 0.16), ("hierarchy", 0.15), ("description", 0.33)):
        of_kind = [pair for pair in pairs if pair.kind == kind]
        assert sum(pair.part == "held_out" for pair in of_kind) / len(of_kind) == pytest.approx(expected, abs=0.03)


def test_what_is_kept_out_is_nowhere_in_training(pairs: list[KnowledgePair]) -> None:
    table = icd10cm()
    protected = [table[code].description for code in table.categories()]
    kept_out = Holdout(0.1, 0, protected + [pair.term for pair in pairs if "-" in pair.concept])
    training = [pair for pair in pairs if pair.part == "train"]
    seen = {pair.term for pair in training} | {negative.text for pair in training for negative in pair.hard_negatives}
    seen |= {pair.text for pair in training if pair.format == "name"}
    names = {text for text in seen if not text.startswith("Includes ")}
    assert not [name for name in names if name in kept_out]
    drawn = [term for code in table.codes() for term in table[code].inclusion_terms if term in kept_out]
    assert len(drawn) > 1000
    composed = [pair.text for pair in training if pair.format == "description"]
    mentioned = {
        name for text in composed for name in text.removeprefix("Includes ").split(". A kind of ")[0].split("; ")
    }
    assert len(mentioned) > 5000
    assert not {term.lower() for term in drawn} & {name.lower() for name in mentioned}


def test_categories_are_never_kept_out(pairs: list[KnowledgePair]) -> None:
    trained = {pair.term for pair in pairs if pair.part == "train"} | {
        pair.text for pair in pairs if pair.part == "train"
    }
    table = icd10cm()
    missing = [code for code in table.categories() if table[code].description not in trained]
    assert len(missing) < 10  # categories that have the name of their block, and nothing below


def test_a_name_is_kept_out_whatever_its_side_and_spelling() -> None:
    kept_out = Holdout(0.5, 3, [])
    one = ["Tumour of left kidney", "Kidney tumors, right", "tumor of unspecified kidney"]
    assert len({name in kept_out for name in one}) == 1
    drawn = [f"disorder {n}" in kept_out for n in range(1000)]
    assert 450 < sum(drawn) < 550
    assert [f"disorder {n}" in Holdout(0.5, 4, []) for n in range(1000)] != drawn
    assert "disorder 1" not in Holdout(0.999999, 0, ["Disorder 1, unspecified"])


def test_a_description_goes_with_the_names_it_is_made_of() -> None:
    names = [f"disorder {n}" for n in range(40)]
    concepts = [
        Concept(f"X:{n}", name, "x", descriptions=(Description(f"text {n}", mentions=(f"mention {n}",)),))
        for n, name in enumerate(names)
    ]
    kept_out = Holdout(0.3, 0, [])
    for n, pair in enumerate(make_pairs(concepts, PairConfig(held_out=0.3))):
        expected = names[n] in kept_out or f"mention {n}" in kept_out or kept_out.holds_text(f"text {n}")
        assert (pair.part == "held_out") == expected


def test_the_same_input_gives_the_same_pairs() -> None:
    concepts = list(icd10cm_concepts(icd10cm()))[:2000]
    assert list(make_pairs(concepts, PairConfig())) == list(make_pairs(concepts, PairConfig()))


def test_a_repeated_identifier_is_refused() -> None:
    with pytest.raises(ConfigError, match="X:1 is there twice"):
        list(make_pairs([Concept("X:1", "a", "one"), Concept("X:1", "b", "two")], PairConfig()))


def test_pairs_survive_the_file(pairs: list[KnowledgePair], tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.jsonl", pairs[::500])
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs[::500]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "rumour"}, "kind is 'rumour'"),
        ({"term": " "}, "term is ' '"),
        ({"part": None}, "part is None"),
        ({"more": 1}, "expected an object"),
        ({"icd10cm": "J93"}, "must be lists"),
        ({"hard_negatives": [{"text": "x"}]}, "missing"),
        ({"hard_negatives": [{"text": "", "concept": "x", "why": "sibling"}]}, "text is ''"),
    ],
)
def test_a_line_at_fault_is_named(pairs: list[KnowledgePair], tmp_path: Path, change: dict, reason: str) -> None:
    path = tmp_path / "pairs.jsonl"
    write_pairs(path, pairs[:2])
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{json.dumps(json.loads(second) | change)}\n")
    with pytest.raises(ConfigError) as refusal:
        read_pairs(path)
    assert str(refusal.value).startswith(f"{path}:2: ")
    assert reason in str(refusal.value)


def test_a_file_without_pairs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text("")
    with pytest.raises(ConfigError, match="holds no pair"):
        read_pairs(tmp_path / "pairs.jsonl")
    with pytest.raises(ConfigError, match="raddiag knowledge build"):
        read_pairs(tmp_path / "absent.jsonl")
