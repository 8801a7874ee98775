"""Disorders by name belong to the case and to the diagnosis that stands; what the model knows is not asked about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.name_asker import NameAsker
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.diagnosis.result import Diagnosis, UnseenScore
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import RaddiagError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.network.config import HeadConfig
from tests.engine.diagnosis.tiny_model import tiny_card
from tests.viewer.controllers.conftest import WAIT_MS
from tests.viewer.session.made_cases import case


def knowledge_card() -> ModelCard:
    card = tiny_card()
    network = replace(card.network, head=HeadConfig("knowledge"))
    return replace(card, network=network, knowledge_encoder=EncoderCard("e", "hashed_ngram", "a"))


def diagnosis(input_hash: str = "input", unseen: tuple[UnseenScore, ...] = ()) -> Diagnosis:
    return Diagnosis("c", "h", input_hash, "tiny", "", "cpu", "float32", (), (), None, 0, 0, 0, 0.0, 0, unseen=unseen)


class Link(QObject):
    """Stands for the engine: a longer name scores more; "bad" is refused."""

    card_changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.card: ModelCard | None = knowledge_card()
        self.asked: list[list[str]] = []
        self.input_hash = "input"
        self.let_go = threading.Event()
        self.let_go.set()

    def diagnose(
        self, of: object, windows: object, top: int, parent: QObject, vocabulary: Sequence[NamedDisorder] = ()
    ) -> Task:
        self.asked.append([disorder.name for disorder in vocabulary])
        names = sorted((d.name for d in vocabulary), key=len, reverse=True)
        scores = tuple(UnseenScore(n, name, (), 0.1, 0.0, True, "", 0.0) for n, name in enumerate(names, 1))
        answer = diagnosis(self.input_hash, scores)

        def work(progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> Diagnosis:
            assert self.let_go.wait(20)
            if "bad" in names:
                raise RaddiagError("the knowledge encoder is not here; copy it")
            return answer

        return Task(work, parent)


@pytest.fixture
def session(owner: QObject) -> ReadingSession:
    session = ReadingSession(owner)
    session.open(case(), ())
    return session


@pytest.fixture
def link(owner: QObject) -> Link:
    return Link(owner)


@pytest.fixture
def names(session: ReadingSession, link: Link, owner: QObject) -> NameAsker:
    return NameAsker(session, cast(Any, link), owner)


def answer(session: ReadingSession, given: Diagnosis) -> None:
    assert session.question is not None
    session.answer(session.question, given)


def shown(names: NameAsker) -> list[tuple[str, bool]]:
    return [(row.disorder.name, row.score is not None) for row in names.rows]


def test_names_are_scored_in_the_diagnosis_that_stands_and_asked_again_in_the_next(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    assert names.why_not == "diagnose the case first"
    answer(session, diagnosis())
    assert names.why_not == ""
    names.ask("Cyst")
    names.ask("  Tuberculosis  of lung ", "A15.0")
    names.ask("cyst")
    expected = [("Tuberculosis of lung", True), ("Cyst", True)]
    qtbot.waitUntil(lambda: shown(names) == expected, timeout=WAIT_MS)
    assert names.rows[0].disorder.icd10cm == ("A15.0",)
    session.use("a", False)  # the diagnosis is stale
    assert shown(names) == [("Cyst", False), ("Tuberculosis of lung", False)]
    link.input_hash = "other"
    answer(session, diagnosis("other"))
    qtbot.waitUntil(lambda: shown(names) == expected, timeout=WAIT_MS)
    names.forget("Cyst")
    assert shown(names) == expected[:1]
    session.open(case(), ())
    assert names.rows == ()


def test_what_the_model_has_itself_is_named_and_not_asked(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    answer(session, diagnosis())
    with qtbot.waitSignal(names.known) as known:
        names.ask(" MENINGIOMA")
    assert known.args == ["Meningioma"] and link.asked == [] and names.rows == ()


def test_a_late_answer_of_another_diagnosis_is_dropped(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    answer(session, diagnosis())
    link.let_go.clear()
    names.ask("Cyst")
    session.use("a", False)
    link.let_go.set()
    qtbot.wait(100)
    assert shown(names) == [("Cyst", False)]


def test_an_answer_about_other_input_is_not_shown(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    answer(session, diagnosis())
    link.input_hash = "other"
    with qtbot.waitSignal(names.failed, timeout=WAIT_MS):
        names.ask("Cyst")
    assert shown(names) == [("Cyst", False)]


def test_a_refusal_is_said_and_leaves_no_row(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    answer(session, diagnosis())
    with qtbot.waitSignal(names.failed, timeout=WAIT_MS) as failed:
        names.ask("bad")
    assert "copy it" in failed.args[0]
    assert names.rows == ()


def test_a_model_without_a_knowledge_head_gives_the_reason(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    answer(session, diagnosis())
    link.card = tiny_card()
    assert "model tiny scores its own disorders only" in names.why_not
    with qtbot.waitSignal(names.failed):
        names.ask("Cyst")
    assert link.asked == []


def test_names_of_a_kept_session_are_asked_for_in_the_next_diagnosis(
    names: NameAsker, session: ReadingSession, link: Link, qtbot: QtBot
) -> None:
    names.restore((NamedDisorder("Cyst"),))
    assert shown(names) == [("Cyst", False)] and link.asked == []
    answer(session, diagnosis())
    qtbot.waitUntil(lambda: shown(names) == [("Cyst", True)], timeout=WAIT_MS)


def test_a_model_that_takes_no_names_is_not_asked_about_those_that_are_kept(
    names: NameAsker, session: ReadingSession, link: Link
) -> None:
    link.card = tiny_card()
    assert not names.takes_names
    names.restore((NamedDisorder("Cyst"),))
    answer(session, diagnosis())
    assert link.asked == []


def test_suggestions_come_from_icd_10_cm_once_typing_pauses(names: NameAsker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(names.suggested, timeout=20_000) as suggested:
        names.suggest("tuberc")
        names.suggest("menigioma")
    text, found = suggested.args
    assert text == "menigioma"
    assert any("meninges" in name.casefold() or "meningioma" in name.casefold() for name, _ in found)
