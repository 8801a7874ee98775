"""What a card says it covers."""

from __future__ import annotations

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.models.card import Coverage


def test_a_modality_and_anatomy_cover_only_themselves() -> None:
    coverage = Coverage(Modality.MRI, Anatomy.HEAD_AND_NECK)
    assert coverage.covers(Modality.MRI, Anatomy.HEAD_AND_NECK)
    assert not coverage.covers(Modality.CT, Anatomy.HEAD_AND_NECK)
    assert not coverage.covers(Modality.MRI, Anatomy.CHEST)
    assert not coverage.covers(Modality.MRI, Anatomy.UNKNOWN)


def test_an_unknown_anatomy_in_the_card_covers_every_anatomy_of_that_modality() -> None:
    coverage = Coverage(Modality.CT, Anatomy.UNKNOWN)
    assert all(coverage.covers(Modality.CT, anatomy) for anatomy in Anatomy)
    assert not coverage.covers(Modality.XRAY, Anatomy.CHEST)
    assert not coverage.covers(Modality.UNKNOWN, Anatomy.CHEST)
