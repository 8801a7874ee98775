"""Voxels go ahead to the engine on this machine, once, and never unasked to another one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.voxel_sender import VoxelSender
from napari_raddiag.data_models.engine_state import NOT_STARTED, EngineKind, EngineState
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.cases import Case
from tests.viewer.controllers.conftest import WAIT_MS
from tests.viewer.session.made_cases import case

READY = EngineState(EngineKind.READY, "ready", "", False)


class Link(QObject):
    """Stands for the link to an engine; `service_pid` is None for one on another machine."""

    state_changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.state = NOT_STARTED
        self.service_pid: int | None = 1
        self.sent: list[list[str]] = []
        self.let_go = threading.Event()
        self.let_go.set()

    def be(self, state: EngineState) -> None:
        self.state = state
        self.state_changed.emit(state)

    def send(self, sent: Case, parent: QObject) -> Task:
        self.sent.append([scan.id for scan in sent.used])

        def work(progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]) -> None:
            assert self.let_go.wait(20)

        return Task(work, parent)


@pytest.fixture
def session(owner: QObject) -> ReadingSession:
    return ReadingSession(owner)


@pytest.fixture
def link(owner: QObject, session: ReadingSession) -> Link:
    link = Link(owner)
    link.sender = VoxelSender(session, cast(Any, link), owner)  # type: ignore[attr-defined]
    return link


def open_it(session: ReadingSession) -> None:
    session.open(case(), (Path("/case"),))


def test_it_waits_for_case_and_engine_and_sends_once(session: ReadingSession, link: Link, qtbot: QtBot) -> None:
    open_it(session)
    assert not link.sent
    link.be(READY)
    qtbot.waitUntil(lambda: link.sender._task is None, timeout=WAIT_MS)  # type: ignore[attr-defined]
    link.be(EngineState(EngineKind.BUSY, "busy", "", False))
    link.be(READY)
    session.use("b", False)
    session.use("b", True)
    session.close()
    assert link.sent == [["a", "b"]]
    open_it(session)
    assert link.sent == [["a", "b"]] * 2


def test_what_is_ticked_while_it_sends_follows(session: ReadingSession, link: Link, qtbot: QtBot) -> None:
    link.be(READY)
    link.let_go.clear()
    open_it(session)
    session.use("c", True)
    assert link.sent == [["a", "b"]]
    link.let_go.set()
    qtbot.waitUntil(lambda: link.sent == [["a", "b"], ["a", "b", "c"]], timeout=WAIT_MS)


def test_an_engine_that_was_restarted_gets_them_again(session: ReadingSession, link: Link, qtbot: QtBot) -> None:
    link.be(READY)
    open_it(session)
    qtbot.waitUntil(lambda: link.sender._task is None, timeout=WAIT_MS)  # type: ignore[attr-defined]
    link.service_pid = 2
    link.be(READY)
    assert len(link.sent) == 2


def test_nothing_goes_unasked_to_another_machine(session: ReadingSession, link: Link) -> None:
    link.service_pid = None
    link.be(READY)
    open_it(session)
    assert not link.sent
