"""BM25 gives the numbers of its formula, worked out one document at a time."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from raddiag_engine.icd10cm.bm25 import Bm25


def worked_out(documents: list[list[str]], query: dict[str, float], document: list[str], k1: float, b: float) -> float:
    mean_length = sum(map(len, documents)) / len(documents)
    score = 0.0
    for word, weight in query.items():
        holding = sum(word in other for other in documents)
        if word in document:
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            count = document.count(word)
            score += weight * idf * count * (k1 + 1) / (count + k1 * (1 - b + b * len(document) / mean_length))
    return score


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.9, 0.0), (2.0, 1.0)])
def test_scores_are_those_of_the_formula(k1: float, b: float) -> None:
    draw = random.Random(0)
    documents = [[draw.choice("abcdefgh") for _ in range(draw.randrange(0, 9))] for _ in range(40)]
    query = {"a": 1.0, "c": 0.5, "absent": 1.0}
    expected = [worked_out(documents, query, document, k1, b) for document in documents]
    np.testing.assert_allclose(Bm25(documents, k1, b).scores(query), expected, rtol=1e-5)


def test_a_document_without_the_words_scores_nothing() -> None:
    index = Bm25([["lung"], ["heart"], []])
    assert index.scores({"lung": 1.0}).tolist()[1:] == [0, 0]
    assert "lung" in index
    assert "kidney" not in index


def test_no_documents_at_all() -> None:
    assert Bm25([]).scores({"lung": 1.0}).shape == (0,)
