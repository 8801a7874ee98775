"""Figures of scorers whose answers are known: one that knows everything, one that knows nothing, BM25."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from raddiag_engine.icd10cm import icd10cm
from raddiag_train.knowledge.evaluation import KnowledgeTasks, build_tasks, evaluate_knowledge
from raddiag_train.knowledge.holdout import name_key
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.retrieval import Bm25Scorer, EncoderScorer, ranks
from raddiag_train.knowledge.sources.icd10cm import icd10cm_concepts


@pytest.fixture(scope="module")
def pairs() -> list[KnowledgePair]:
    table = icd10cm()
    wanted = {f"ICD10CM:{code}" for code in table.codes() if code[0] in "JK"}
    return list(make_pairs((c for c in icd10cm_concepts(table) if c.identifier in wanted), PairConfig(held_out=0.2)))


@pytest.fixture(scope="module")
def tasks(pairs: list[KnowledgePair]) -> KnowledgeTasks:
    return build_tasks(pairs, most=200)


class Knowing:
    """Scores by the key that the tasks hold, or against it."""

    name = "knowing"

    def __init__(self, tasks: KnowledgeTasks, sign: float) -> None:
        self._right = {
            (query, task.candidates[place])
            for task in tasks.retrieval
            for row, query in enumerate(task.queries)
            for place in np.flatnonzero(task.right_QC[row])
        } | {(anchor, near) for task in tasks.order for anchor, near, _ in task.triples}
        self._sign = sign

    def scores(self, queries: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[self._sign * ((q, c) in self._right) for c in candidates] for q in queries], dtype=np.float32)


def test_one_who_knows_everything_and_one_who_knows_nothing(tasks: KnowledgeTasks) -> None:
    assert {figure.value for figure in evaluate_knowledge(Knowing(tasks, 1), tasks)} == {1.0}
    for figure in evaluate_knowledge(Knowing(tasks, 0), tasks):
        assert figure.value < 0.01  # equal scores are no answer


def test_what_is_asked(tasks: KnowledgeTasks, pairs: list[KnowledgePair]) -> None:
    assert [task.name for task in tasks.retrieval] == ["synonym among categories", "definition to name"]
    assert [task.name for task in tasks.order] == ["hierarchy, far", "hierarchy, near"]
    synonyms = tasks.retrieval[0]
    table = icd10cm()
    assert len(synonyms.candidates) == len(table.categories())
    assert len(synonyms.queries) == 200
    for row, query in enumerate(synonyms.queries):
        (code,) = [table.categories()[place] for place in np.flatnonzero(synonyms.right_QC[row])][:1]
        assert any(query in table[below].inclusion_terms for below in (code, *table.descendants(code)))
    seen = {name_key(text) for pair in pairs if pair.part == "train" for text in (pair.term, pair.text)}
    assert not seen & {name_key(query) for task in tasks.retrieval for query in task.queries}
    codes: dict[str, list[str]] = defaultdict(list)
    for code in table.codes():
        codes[table[code].description].append(code)
    for anchor, near, other in tasks.order[0].triples:
        assert name_key(near) not in seen
        assert any(n.startswith(a) for a in codes[anchor] for n in codes[near])
        assert not any(o.startswith(a) for a in codes[anchor] if len(a) == 3 for o in codes[other])


def test_bm25_is_above_chance_and_below_perfect(tasks: KnowledgeTasks) -> None:
    figures = {figure.name: figure for figure in evaluate_knowledge(Bm25Scorer(), tasks)}
    for name, low, high in (
        ("synonym among categories, recall at 10", 0.3, 0.9),
        ("hierarchy, far, in the right order", 0.5, 0.98),
    ):
        figure = figures[name]
        assert low < figure.value < high
        assert figure.interval[0] < figure.value < figure.interval[1]
        assert figure.queries == len(tasks.retrieval[0].queries if "synonym" in name else tasks.order[0].triples)
    recalls = [figures[f"synonym among categories, recall at {k}"].value for k in (1, 5, 10)]
    assert recalls == sorted(recalls)


def test_ranks_count_ties_against_the_scorer() -> None:
    scores = np.array([[3, 2, 1, 1], [1, 1, 1, 1], [0, 5, 5, 9]], dtype=np.float32)
    right = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0]], dtype=bool)
    assert ranks(scores, right).tolist() == [1, 4, 2]


def test_an_encoder_scores_by_cosine() -> None:
    class Two:
        name, width = "two", 2

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([{"a": (1, 0), "b": (0, 1), "c": (0.6, 0.8)}[text] for text in texts], dtype=np.float32)

    np.testing.assert_allclose(EncoderScorer(Two()).scores(["a", "b"], ["c", "a"]), [[0.6, 1], [0.8, 0]], rtol=1e-6)


def test_pairs_of_which_nothing_is_kept_out_allow_no_question(pairs: list[KnowledgePair]) -> None:
    tasks = build_tasks([pair for pair in pairs if pair.part == "train"])
    assert tasks.retrieval == tasks.order == ()
