"""What a scan shows, and which scans a card covers."""

from __future__ import annotations

import pytest

from raddiag_engine.cases import Anatomy, Modality, WarningCode
from raddiag_engine.diagnosis.state import ScanContent, content_of, is_assessed, is_covered, state_of
from tests.engine.diagnosis.tiny_model import ANY_CT, CHEST_XRAY, DISORDERS, HEAD_MRI, scan, tiny_card


def content(modality: Modality, anatomy: Anatomy) -> ScanContent:
    return ScanContent(modality, "stated", anatomy, "stated")


def test_what_a_scan_states_is_never_overruled() -> None:
    known = content_of(scan("a"), CHEST_XRAY)
    assert (known.modality, known.anatomy) == (Modality.MRI, Anatomy.HEAD_AND_NECK)
    assert (known.modality_origin, known.anatomy_origin) == ("stated", "stated")


def test_an_unknown_scan_counts_as_the_recognised_group_and_is_marked() -> None:
    unknown = content_of(scan("a", Modality.UNKNOWN, Anatomy.UNKNOWN), CHEST_XRAY)
    assert unknown == ScanContent(Modality.XRAY, "recognised", Anatomy.CHEST, "recognised")


def test_a_recognised_anatomy_of_another_modality_is_not_taken() -> None:
    mri = content_of(scan("a", Modality.MRI, Anatomy.UNKNOWN), CHEST_XRAY)
    assert (mri.anatomy, mri.anatomy_origin) == (Anatomy.UNKNOWN, "unknown")
    assert content_of(scan("a", Modality.MRI, Anatomy.UNKNOWN), HEAD_MRI).anatomy is Anatomy.HEAD_AND_NECK


def test_without_an_input_score_an_unknown_scan_stays_unknown() -> None:
    unknown = content_of(scan("a", Modality.UNKNOWN, Anatomy.UNKNOWN), None)
    assert (unknown.modality_origin, unknown.anatomy_origin) == ("unknown", "unknown")
    assert not is_covered(unknown, [HEAD_MRI, CHEST_XRAY, ANY_CT])


def test_a_guess_of_the_reader_is_marked() -> None:
    guessed = scan("a").warned(WarningCode.MODALITY_GUESSED, "from its name")
    assert content_of(guessed, None).modality_origin == "guessed"


@pytest.mark.parametrize(
    ("modality", "anatomy", "covered"),
    [
        (Modality.MRI, Anatomy.HEAD_AND_NECK, True),
        (Modality.MRI, Anatomy.SPINE, False),
        (Modality.MRI, Anatomy.UNKNOWN, False),
        (Modality.CT, Anatomy.SPINE, True),
        (Modality.CT, Anatomy.UNKNOWN, True),
        (Modality.ULTRASOUND, Anatomy.HEAD_AND_NECK, False),
    ],
)
def test_an_entry_of_unknown_anatomy_covers_any_anatomy(modality: Modality, anatomy: Anatomy, covered: bool) -> None:
    assert is_covered(content(modality, anatomy), [HEAD_MRI, ANY_CT]) is covered


def test_a_disorder_without_a_coverage_of_its_own_has_the_cards() -> None:
    normal = DISORDERS[-1]
    assert is_assessed(normal, tiny_card(), [content(Modality.XRAY, Anatomy.CHEST)])
    assert not is_assessed(normal, tiny_card(), [content(Modality.ULTRASOUND, Anatomy.BREAST)])


def test_one_fitting_scan_is_enough() -> None:
    both = [content(Modality.ULTRASOUND, Anatomy.BREAST), content(Modality.MRI, Anatomy.HEAD_AND_NECK)]
    assert is_assessed(DISORDERS[0], tiny_card(), both)


@pytest.mark.parametrize(
    ("probability", "assessed", "state"),
    [(0.3, True, "positive"), (0.2999, True, "negative"), (1.0, False, "not assessed"), (0.0, False, "not assessed")],
)
def test_not_in_the_list_is_never_read_as_absent(probability: float, assessed: bool, state: str) -> None:
    assert state_of(probability, 0.3, assessed) == state
