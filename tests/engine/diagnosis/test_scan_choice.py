"""The rule that chooses scans when a model takes only so many."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from raddiag_engine.cases import Modality, Plane
from raddiag_engine.diagnosis.scan_choice import chosen, ranked
from tests.engine.diagnosis.tiny_model import scan

SERIES = [
    scan("axial-small", slices=3),
    scan("axial-large", slices=9),
    scan("sagittal", slices=5, plane=Plane.SAGITTAL),
    scan("xray", Modality.XRAY, plane=Plane.FRONTAL),
    scan("scout", slices=20, usable=False, reason="it is a localizer"),
]


def test_each_modality_and_plane_takes_its_turn_with_the_larger_series_first() -> None:
    assert [s.id for s in ranked(SERIES)] == ["axial-large", "sagittal", "xray", "axial-small", "scout"]


def test_all_scans_are_used_where_the_model_takes_any_number() -> None:
    assert {s.id for s in chosen(SERIES, None)} == {s.id for s in SERIES}


@settings(deadline=None)
@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_neither_choice_nor_its_order_depends_on_the_order_of_the_case(count: int, shuffler: random.Random) -> None:
    shuffled = list(SERIES)
    shuffler.shuffle(shuffled)
    selected = chosen(shuffled, count)
    assert [s.id for s in selected] == [s.id for s in chosen(SERIES, count)]
    assert {s.id for s in selected} == {s.id for s in ranked(SERIES)[:count]}
