"""Near words are those of the fewest slips, checked against the textbook's recursion."""

from __future__ import annotations

import random
from functools import cache

import pytest

from raddiag_engine.icd10cm.spelling import Spelling

VOCABULARY = ("meningioma", "meningitis", "pneumothorax", "pneumonia", "pneumonitis", "rib", "lung", "lunge", "2024")


@cache
def slips(one: str, other: str) -> int:
    """Optimal string alignment distance."""
    if not one or not other:
        return len(one) + len(other)
    steps = [
        slips(one[:-1], other) + 1,
        slips(one, other[:-1]) + 1,
        slips(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    ]
    if len(one) > 1 and len(other) > 1 and one[-1] == other[-2] and one[-2] == other[-1]:
        steps.append(slips(one[:-2], other[:-2]) + 1)
    return min(steps)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("menigioma", {"meningioma": 1}),  # left out
        ("meninggioma", {"meningioma": 1}),  # doubled
        ("meningiona", {"meningioma": 1}),  # replaced
        ("meningoima", {"meningioma": 1}),  # swapped
        ("menigoima", {"meningioma": 2}),
        ("luung", {"lung": 1}),
        ("lungs", {"lung": 1, "lunge": 1}),
        ("rb", {}),  # too short to guess
        ("ribs", {"rib": 1}),
        ("2023", {}),  # a number is not a slip for another
        ("cardiomegaly", {}),
        ("ménigioma", {}),
        ("", {}),
    ],
)
def test_slips_of_the_pen(written: str, near: dict[str, int]) -> None:
    assert Spelling(VOCABULARY).near(written) == near


def test_slips_are_counted_as_in_the_textbook() -> None:
    draw = random.Random(1)
    vocabulary = {"".join(draw.choice("abc") for _ in range(draw.randrange(6, 11))) for _ in range(200)}
    spelling = Spelling(vocabulary)
    for _ in range(60):
        word = "".join(draw.choice("abc") for _ in range(8))
        counted = {known: slips(word, known) for known in vocabulary}
        fewest = min(counted.values())
        expected = {known: n for known, n in counted.items() if n == fewest} if fewest <= 2 else {}
        assert spelling.near(word) == expected


def test_completions() -> None:
    spelling = Spelling(VOCABULARY)
    assert spelling.completions("pneumoni") == ("pneumonia", "pneumonitis")
    assert spelling.completions("pn") == ()
    assert spelling.completions("xyz") == ()


def test_an_empty_vocabulary() -> None:
    assert Spelling(()).near("lung") == {}
    assert Spelling(()).completions("lung") == ()


def test_a_word_longer_than_any_is_near_none() -> None:
    spelling = Spelling((*VOCABULARY, "a" * 300))
    assert spelling.near("x" * 100_000) == {}
    assert spelling.near("a" * 300) == {}
    assert spelling.near("pneumonja") == {"pneumonia": 1}
