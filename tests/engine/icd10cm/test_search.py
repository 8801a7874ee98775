"""ICD-10-CM is found by text. The expected codes are those of the official list of April 2026."""

from __future__ import annotations

import random

import pytest

from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.icd10cm.name_search import NameSearch
from raddiag_engine.icd10cm.search import icd10cm_search


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("spontaneous tension pneumothorax", "J93.0"),
        ("pneumothorax, tension, spontaneous", "J93.0"),
        ("menigioma", "D32.9"),
        ("myocardial infraction acute", "I21"),  # a category before its subcodes of the same words
        ("oedema of the lung", "J81.0"),
        ("kidney stones", "N20.0"),
        ("fracture of hip", "S72.00"),
        ("Kienböck's disease of adults", "M93.1"),
        ("covid", "U07.1"),
        ("apendicitis", "K37"),
        ("Crohn disease", "K50.9"),
    ],
)
def test_a_name_finds_its_code(text: str, code: str) -> None:
    assert icd10cm_search().search(text)[0].entry.code == code


def test_the_name_that_was_found_is_told() -> None:
    (hit,) = icd10cm_search().search("lung cancer", top=1)
    assert hit.name == "Lung cancer NOS"
    assert hit.entry.description == "Malignant neoplasm of unspecified part of unspecified bronchus or lung"


def test_the_beginning_of_a_word_is_enough() -> None:
    found = icd10cm_search().search("meningio")
    assert "D32.9" in [hit.entry.code for hit in found]


def test_a_code_finds_itself_and_what_is_below() -> None:
    codes = [hit.entry.code for hit in icd10cm_search().search("j93", top=4)]
    assert codes == ["J93", "J93.0", "J93.1", "J93.11"]
    assert [hit.entry.code for hit in icd10cm_search().search("S72001A")] == ["S72.001A"]


@pytest.mark.parametrize("text", ["", "  ", "?!", "zzzqqq", "of the"])
def test_nothing_is_found_by_nothing(text: str) -> None:
    assert icd10cm_search().search(text) == ()


def test_scores_fall_and_no_code_comes_twice() -> None:
    found = icd10cm_search().search("fracture of femur", top=50)
    assert len({hit.entry.code for hit in found}) == len(found) == 50
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_shuffled_names_with_one_slip_find_their_code() -> None:
    draw = random.Random(0)
    table, search = icd10cm(), icd10cm_search()
    codes = draw.sample(table.codes(), 200)
    found = 0
    for code in codes:
        names = table[code].description.split()
        draw.shuffle(names)
        longest = max(range(len(names)), key=lambda n: len(names[n]))
        at = draw.randrange(1, max(2, len(names[longest]) - 1))
        names[longest] = names[longest][:at] + names[longest][at + 1 :]
        found += code in [hit.entry.code for hit in search.search(" ".join(names))]
    assert found / len(codes) >= 0.97


def test_a_thing_is_as_good_as_its_best_name() -> None:
    search = NameSearch([["lung cancer", "a", "b", "c"], ["cancer of the lung and of much else"], ["stroke"]])
    first, second = search.search("cancer, lung")
    assert (first.item, first.name) == (0, "lung cancer")
    assert second.item == 1
    assert first.score > second.score
    assert search.scores("stroke").tolist()[:2] == [0, 0]


def test_a_thing_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="without a name"):
        NameSearch([["lung"], []])


def test_an_empty_list_finds_nothing() -> None:
    assert NameSearch([]).search("lung") == ()
