"""Disorders are found by words and by meaning; what pairs tell of them helps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from raddiag_train.knowledge.encoder_search import EncoderSearch
from raddiag_train.knowledge.lexical_search import LexicalSearch
from raddiag_train.knowledge.pair import KnowledgePair
from raddiag_train.knowledge.searched_disorder import SearchedDisorder, disorders_of_icd10cm, with_pairs

DISORDERS = (
    SearchedDisorder("Pneumothorax", ("J93",), ("Pneumothorax", "Air leak")),
    SearchedDisorder("Glioma", ("C71.9",), ("Glioma",)),
    SearchedDisorder("Astrocytoma", ("C71.9",), ("Astrocytoma",)),
)


def description(term: str, text: str, code: str) -> KnowledgePair:
    return KnowledgePair("description", term, "X:1", text, "X:1", "description", "made up", "train", (code,))


PAIRS = (
    description("pneumothorax", "Sudden chest pain and absent lung markings.", "J93"),
    description("Glioma", "A tumour of glial cells.", "C71.9"),
)


class Angles:
    """Texts lie at angles that the test has set, in degrees."""

    name, width = "angles", 2

    def __init__(self, **degrees: float) -> None:
        self._degrees = {name.replace("_", " "): angle for name, angle in degrees.items()}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        radians = np.deg2rad([self._degrees[text.lower()] for text in texts])
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_descriptions_find_a_disorder_that_shares_no_name() -> None:
    text = "absent lung markings, sudden chest pain"
    assert LexicalSearch(DISORDERS).search(text) == ()
    (hit,) = LexicalSearch(with_pairs(DISORDERS, PAIRS)).search(text)
    assert hit.disorder.name == "Pneumothorax"
    assert hit.text == "Sudden chest pain and absent lung markings."


def test_what_is_told_by_name_is_not_taken_from_another_of_the_same_code() -> None:
    glioma, astrocytoma = with_pairs(DISORDERS, PAIRS)[1:]
    assert glioma.names == ("Glioma", "A tumour of glial cells.")
    # Nothing is told of this one by its name, so its code has to do.
    assert astrocytoma.names == ("Astrocytoma", "A tumour of glial cells.")
    told = (*PAIRS, description("astrocytoma", "A star-shaped one.", "C71.9"))
    assert with_pairs(DISORDERS, told)[2].names == ("Astrocytoma", "A star-shaped one.")


def test_an_encoder_ranks_by_the_nearest_name() -> None:
    encoder = Angles(pneumothorax=90, air_leak=10, glioma=30, astrocytoma=180, query=0)
    hits = EncoderSearch(DISORDERS, encoder).search("query", top=2)
    assert [(hit.disorder.name, hit.text) for hit in hits] == [("Pneumothorax", "Air leak"), ("Glioma", "Glioma")]
    assert hits[0].score == pytest.approx(np.cos(np.deg2rad(10)))
    assert len(EncoderSearch(DISORDERS, encoder).search("query", top=9)) == 3
    assert EncoderSearch(DISORDERS, encoder).search(" ") == ()


def test_the_whole_of_icd10cm_can_be_searched() -> None:
    (hit,) = LexicalSearch(disorders_of_icd10cm()).search("tension pneumothroax", top=1)
    assert hit.disorder.icd10cm == ("J93.0",)
