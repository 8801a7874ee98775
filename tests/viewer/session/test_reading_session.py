"""A result holds for the case it was made from, and for nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.cases import Anatomy, Modality, Window
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.session.made_cases import case


def diagnosis(case_hash: str = "c") -> Diagnosis:
    return Diagnosis("case", case_hash, "i", "demo", "m", "cpu", "float32", (), (), None, 0, 0, 0, 0.0, 0)


def maps(disorder: str = "Glioma", input_hash: str = "i") -> list[SaliencyMap]:
    values = np.zeros((2, 2), np.float32)
    return [SaliencyMap("a", disorder, "gradcam", values, 1.0, (0, 0), 1.0, (1, 1), "c", input_hash, "m")]


@pytest.fixture
def session(qtbot: QtBot) -> ReadingSession:
    session = ReadingSession()
    session.open(case(), ())
    question = session.question
    assert question is not None
    session.answer(question, diagnosis())
    return session


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.use("b", False),
        lambda s: s.use("c", True),
        lambda s: s.use_date("20240101", False),
        lambda s: s.describe("a", modality=Modality.ULTRASOUND),
        lambda s: s.describe("a", anatomy=Anatomy.BREAST),
        lambda s: s.give_window("a", Window(40, 80)),
    ],
)
def test_every_edit_makes_the_result_stale(qtbot: QtBot, session: ReadingSession, edit) -> None:  # type: ignore[no-untyped-def]
    with qtbot.waitSignal(session.diagnosis_changed, timeout=500):
        edit(session)
    assert session.is_stale and session.current_diagnosis is None and session.diagnosis is not None


def test_an_edit_undone_makes_the_result_hold_again(qtbot: QtBot, session: ReadingSession) -> None:
    session.use("b", False)
    with qtbot.waitSignal(session.diagnosis_changed, timeout=500):
        session.use("b", True)
    assert not session.is_stale


def test_a_window_of_a_scan_that_is_not_used_changes_nothing(session: ReadingSession) -> None:
    session.give_window("c", Window(40, 80))
    assert not session.is_stale


def test_another_case_takes_the_result_away(session: ReadingSession) -> None:
    session.open(case(), ())
    assert session.diagnosis is None and not session.is_stale


def test_an_unusable_scan_that_is_ticked_is_overruled(session: ReadingSession) -> None:
    session.use("c", True)
    assert session.case is not None and session.case.overridden == {"c"}
    session.use("c", False)
    assert not session.case.overridden and not session.is_stale


def test_a_date_takes_its_usable_scans_only(session: ReadingSession) -> None:
    session.use_date("", True)
    assert session.case is not None and {scan.id for scan in session.case.used} == {"a", "b"}
    session.use_date("20250101", False)
    assert {scan.id for scan in session.case.used} == {"a"}


def test_maps_are_kept_for_the_diagnosis_that_stands(session: ReadingSession) -> None:
    standing = session.diagnosis
    assert standing is not None
    assert session.keep_maps(standing, "Glioma", "gradcam", maps())
    assert session.maps_of("Glioma", "gradcam") is not None
    session.use("b", False)
    assert session.maps_of("Glioma", "gradcam") is None


@pytest.mark.parametrize(
    "wrong", [maps("Meningioma"), maps(input_hash="other")], ids=["of another disorder", "of another input"]
)
def test_maps_of_something_else_are_refused(session: ReadingSession, wrong: list[SaliencyMap]) -> None:
    standing = session.diagnosis
    assert standing is not None
    assert not session.keep_maps(standing, "Glioma", "gradcam", wrong)
    assert session.maps_of("Glioma", "gradcam") is None


def test_maps_that_come_late_are_refused(session: ReadingSession) -> None:
    standing = session.diagnosis
    assert standing is not None
    session.use("b", False)
    assert not session.keep_maps(standing, "Glioma", "gradcam", maps())


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.use("gone", True),
        lambda s: s.use_date("19990101", True),
        lambda s: s.describe("gone", modality=Modality.CT),
        lambda s: s.give_window("gone", Window(40, 80)),
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_edits_of_a_scan_that_is_not_there_do_nothing(  # type: ignore[no-untyped-def]
    qtbot: QtBot, session: ReadingSession, edit, closed: bool
) -> None:
    """As from a form that was left open while another case came."""
    if closed:
        session.close()
    before, windows = session.case, session.windows
    with qtbot.assertNotEmitted(session.case_edited):
        edit(session)
    assert session.case is before and session.windows == windows and not session.is_stale


def test_saying_what_a_hashed_scan_is_reads_none_of_its_values_again(session: ReadingSession) -> None:
    case = session.case
    assert case is not None
    before = {scan.id: scan.content_hash for scan in case.scans}
    for scan in case.scans:
        scan.voxels[:] = 7  # were they hashed again, the hash would be that of sevens
    session.describe("a", anatomy=Anatomy.BREAST)
    session.describe("a", anatomy=Anatomy.UNKNOWN)
    session.describe("b", modality=Modality.CT)
    assert session.case is not None and {scan.id: scan.content_hash for scan in session.case.scans} == before


def test_another_model_makes_the_result_stale_and_the_same_one_does_not(qtbot: QtBot, session: ReadingSession) -> None:
    session.use_model("m")
    assert not session.is_stale
    with qtbot.waitSignal(session.diagnosis_changed, timeout=500):
        session.use_model("another")
    assert session.is_stale and session.maps_of("Glioma", "gradcam") is None
