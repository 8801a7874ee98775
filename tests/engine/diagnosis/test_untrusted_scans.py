"""Scans that are unlike the training data, or of a kind the model was not trained on, make nothing positive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raddiag_engine.cases import Anatomy, Modality, Scan
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.diagnosis.input_score import InputAssessment
from raddiag_engine.models.card import Coverage, ModelCard
from tests.engine.diagnosis.tiny_model import CHEST_XRAY, DISORDERS, case, point, scan, tiny_card, tiny_engine


class FlagsSome:
    """An input score that flags scans by what they are said to be, and recognises a chest X-ray in unknown ones."""

    def __init__(self, *flagged: tuple[Modality, Anatomy]) -> None:
        self.flagged = flagged

    def assess(self, embedding: object, described: object, modality: Modality, anatomy: Anatomy) -> InputAssessment:
        recognised = CHEST_XRAY if modality is Modality.UNKNOWN else Coverage(modality, anatomy)
        return InputAssessment((modality, anatomy) in self.flagged, 2.0, 1.0, recognised)


def always_positive(max_scans: int | None = None) -> ModelCard:
    disorders = tuple(replace(disorder, operating_point=point(0.0)) for disorder in DISORDERS)
    return tiny_card(max_scans, disorders)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = tiny_engine(tmp_path / "model", always_positive())
    engine._encoder.input_score = FlagsSome((Modality.CT, Anatomy.CHEST))  # type: ignore[assignment]
    return engine


FLAGGED = scan("noise", Modality.CT, Anatomy.CHEST)
UNCOVERED = scan("breast", Modality.ULTRASOUND, Anatomy.BREAST)
MRI = scan("mri")


def test_trusted_scans_alone_would_be_positive(engine: Engine) -> None:
    engine.set_case(case(MRI))
    assert {s.name for s in engine.diagnose().positives} == {"Glioma", "Meningioma"}


@pytest.mark.parametrize("untrusted", [FLAGGED, UNCOVERED])
def test_a_case_of_untrusted_scans_yields_no_positive_and_says_why(engine: Engine, untrusted: Scan) -> None:
    engine.set_case(case(untrusted))
    diagnosis = engine.diagnose()
    assert {score.state for score in diagnosis.disorders} == {"not assessed"}
    assert (diagnosis.positive, diagnosis.assessed, diagnosis.not_assessed) == (0, 0, 5)
    assert diagnosis.headline.startswith("nothing assessed")
    assert any(f"{untrusted.id}: " in w and "nothing is assessed from it" in w for w in diagnosis.warnings)


def test_flagged_and_uncovered_are_said_apart(engine: Engine) -> None:
    engine.set_case(case(FLAGGED, UNCOVERED, MRI))
    by_id = {report.id: report for report in engine.diagnose().scans}
    assert (by_id["noise"].out_of_distribution, by_id["noise"].covered) == (True, True)
    assert (by_id["breast"].out_of_distribution, by_id["breast"].covered) == (False, False)
    assert "unlike" in str(by_id["noise"].reason)
    assert "not trained on ultrasound of breast" in str(by_id["breast"].reason)


def test_an_untrusted_scan_beside_a_trusted_one_changes_no_number(engine: Engine) -> None:
    engine.set_case(case(MRI))
    alone = {score.name: (score.logit, score.state) for score in engine.diagnose().disorders}
    engine.set_case(case(MRI, FLAGGED, UNCOVERED))
    beside = engine.diagnose()
    assert {score.name: (score.logit, score.state) for score in beside.disorders} == alone
    assert [report.used for report in beside.scans] == [True, False, False]


def test_an_untrusted_scan_gives_its_place_to_the_next_one(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", always_positive(max_scans=2))
    engine._encoder.input_score = FlagsSome((Modality.CT, Anatomy.CHEST))  # type: ignore[assignment]
    first, second, third = (scan(f"mri-{i}", slices=i) for i in (9, 6, 3))
    engine.set_case(case(FLAGGED, first, second, third))
    used = {report.id: report.used for report in engine.diagnose().scans}
    assert used == {"noise": False, "mri-9": True, "mri-6": True, "mri-3": False}


def test_only_so_many_untrusted_scans_are_fused_as_the_model_takes(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", always_positive(max_scans=2))
    engine.set_case(case(*(scan(f"us-{i}", Modality.ULTRASOUND, Anatomy.BREAST) for i in range(5))))
    diagnosis = engine.diagnose()
    assert sum(report.used for report in diagnosis.scans) == 2
    assert not diagnosis.positives


def test_a_scan_of_unknown_modality_counts_as_what_is_recognised_in_it(engine: Engine) -> None:
    engine.set_case(case(scan("photo", Modality.UNKNOWN, Anatomy.UNKNOWN)))
    diagnosis = engine.diagnose()
    [report] = diagnosis.scans
    assert (report.modality, report.modality_origin) == (Modality.XRAY, "recognised")
    assert {score.name for score in diagnosis.positives} == {"Pneumonia", "Cardiomegaly"}
    assert any("taken for X-ray of chest" in warning for warning in diagnosis.warnings)
    # The network is still told that the modality is unknown.
    assert engine.evidence().modality_ids_S.tolist() == [engine.card.preparation.modality_ids["unknown"][0]]


def test_without_an_input_score_an_unknown_scan_is_not_assessed(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", always_positive())
    engine.set_case(case(scan("photo", Modality.UNKNOWN, Anatomy.UNKNOWN)))
    diagnosis = engine.diagnose()
    assert not diagnosis.positives
    assert any("--modality" in warning for warning in diagnosis.warnings)


def test_normal_together_with_a_positive_is_flagged(engine: Engine) -> None:
    engine.set_case(case(MRI))
    diagnosis = engine.diagnose()
    assert diagnosis.normal is not None
    assert diagnosis.normal.state == "positive"
    assert any("Normal is positive together with" in warning for warning in diagnosis.warnings)


def test_normal_alone_is_not_flagged(tmp_path: Path) -> None:
    disorders = (*(replace(d, operating_point=point(1.0)) for d in DISORDERS[:-1]), DISORDERS[-1])
    disorders = (*disorders[:-1], replace(DISORDERS[-1], operating_point=point(0.0)))
    engine = tiny_engine(tmp_path / "model", tiny_card(disorders=disorders))
    engine.set_case(case(MRI))
    diagnosis = engine.diagnose()
    assert diagnosis.normal is not None
    assert diagnosis.normal.state == "positive"
    assert not any("together with" in warning for warning in diagnosis.warnings)


def test_a_card_without_coverage_assesses_nothing_and_says_so(tmp_path: Path) -> None:
    disorders = tuple(replace(disorder, coverage=()) for disorder in DISORDERS)
    engine = tiny_engine(tmp_path / "model", replace(tiny_card(disorders=disorders), coverage=()))
    engine.set_case(case(MRI))
    diagnosis = engine.diagnose()
    assert diagnosis.not_assessed == 5
    assert any("lists no modality and anatomy" in warning for warning in diagnosis.warnings)
