"""Disorders by the names people type."""

from __future__ import annotations

import pytest

from raddiag_engine.diagnosis.disorder_lookup import find_disorder
from raddiag_engine.errors import RaddiagError
from tests.engine.diagnosis.tiny_model import tiny_card


@pytest.mark.parametrize("name", ["Intracranial haemorrhage", "intracranial  HAEMORRHAGE "])
def test_case_and_spacing_do_not_matter(name: str) -> None:
    assert find_disorder(tiny_card(), name) == 3


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Meningoma", "'Meningioma'"), ("haemorrhage", "'Intracranial haemorrhage'"), ("zzz", "raddiag models show tiny")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(RaddiagError, match="has no disorder") as caught:
        find_disorder(tiny_card(), name)
    assert nearest in str(caught.value)
