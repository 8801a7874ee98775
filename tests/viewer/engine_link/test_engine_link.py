"""The engine's life as the window sees it: said in words, never waited for, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject

from napari_raddiag.data_models.engine_state import EngineKind, EngineState
from napari_raddiag.engine_link import engine_watch
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.preferences import Preferences
from raddiag_engine.client import LocalService
from raddiag_engine.models.card import read_card
from raddiag_engine.models.registry import find_model
from tests.engine.service.sample import sample_case
from tests.engine.service.service_process import is_gone, wait_until
from tests.viewer.engine_link.acted_server import ActedServer, acted_server

OWN_ENGINE = Preferences(device="cpu")
ENGINE_MS = 120_000
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs SIGSTOP")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ActedServer]:
    monkeypatch.setenv("RADDIAG_TOKEN", "t" * 43)
    with acted_server() as acted:
        yield acted


@pytest.fixture
def link(qtbot: QtBot) -> Iterator[EngineLink]:
    link = EngineLink(OWN_ENGINE)
    yield link
    link.stop()


def states_of(link: EngineLink) -> list[EngineState]:
    states: list[EngineState] = []
    link.state_changed.connect(states.append)
    return states


def connect(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    link.preferences = Preferences(server=server.url)
    link.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=20_000)


def stopped_within(link: EngineLink, seconds: float) -> None:
    begun = time.monotonic()
    link.stop()
    assert time.monotonic() - begun < seconds
    assert not link.is_started and link.service_pid is None


def family_of(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


# --- Ending ---


@posix_only
@pytest.mark.parametrize("hangs", [False, True])
def test_an_engine_of_ones_own_is_gone_soon_even_if_it_hangs(link: EngineLink, qtbot: QtBot, hangs: bool) -> None:
    link.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=ENGINE_MS)
    assert link.model_sha256 == read_card(find_model("demo") / "card.json").weights_sha256
    assert link.service_pid is not None
    family = family_of(link.service_pid)
    assert len(family) >= 2
    if hangs:
        for pid in reversed(family):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1.0)  # the watch waits for an answer by now
    stopped_within(link, 3.5)
    wait_until(lambda: all(map(is_gone, family)), 2)


@posix_only
def test_an_engine_that_is_being_started_is_gone_at_once(link: EngineLink, monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens after some seconds; here never."""
    monkeypatch.setattr("raddiag_engine.client.local_service.SERVE", ["-c", "import time; time.sleep(600)"])
    before = set(psutil.Process().children())
    link.start()
    wait_until(lambda: len(set(psutil.Process().children()) - before) == 1, 10)
    [child] = set(psutil.Process().children()) - before
    stopped_within(link, 1.5)
    wait_until(lambda: is_gone(child.pid), 2)


def test_a_server_that_hangs_is_not_waited_for(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    connect(link, server, qtbot)
    server.hangs.set()
    count = len(server.asked)
    wait_until(lambda: len(server.asked) > count, 5)
    stopped_within(link, 1.0)


def test_a_server_that_hangs_from_the_first_is_not_waited_for(link: EngineLink, server: ActedServer) -> None:
    server.hangs.set()
    link.preferences = Preferences(server=server.url)
    link.start()
    wait_until(lambda: bool(server.asked), 10)
    stopped_within(link, 1.0)


def test_stopping_what_was_never_started_and_twice(link: EngineLink) -> None:
    link.stop()
    link.stop()
    assert not link.is_started


# --- Starting again ---


def test_a_task_under_way_fails_in_words_at_a_restart(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    connect(link, server, qtbot)
    owner = QObject()
    task = link.diagnose(sample_case(), {}, 20, owner)
    server.hangs.set()
    task.start()
    wait_until(lambda: any(line.startswith("PUT /v1/jobs/") for line in server.asked), 10)
    begun = time.monotonic()
    with qtbot.waitSignal(task.failed, timeout=10_000) as failed:
        link.restart()
    assert time.monotonic() - begun < 3
    server.hangs.clear()
    assert "stopped or restarted meanwhile; ask again" in failed.args[0]
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=20_000)


def test_a_task_without_an_engine_fails_in_words(link: EngineLink, qtbot: QtBot) -> None:
    owner = QObject()
    task = link.diagnose(sample_case(), {}, 20, owner)
    with qtbot.waitSignal(task.failed, timeout=10_000) as failed:
        task.start()
    assert "the engine is not there" in failed.args[0]


def test_cancelling_does_not_wait_for_a_server_that_hangs(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    connect(link, server, qtbot)
    owner = QObject()
    for ask, request in (
        (lambda: link.diagnose(sample_case(), {}, 20, owner), "PUT /v1/jobs/"),
        (lambda: link.prepare(sample_case(), {}, sample_case().scans[0].id, owner), "GET /v1/models"),
    ):
        server.hangs.set()
        server.asked.clear()
        task = ask()
        task.start()
        wait_until(lambda wanted=request: any(line.startswith(wanted) for line in server.asked), 10)  # type: ignore[misc]
        begun = time.monotonic()
        with qtbot.waitSignal(task.stopped, timeout=5_000):
            task.cancel()
        assert time.monotonic() - begun < 2
        server.hangs.clear()


def test_a_replaced_engine_is_not_heard_any_more(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    """Its last words may be on their way to the window."""
    connect(link, server, qtbot)
    states, old = states_of(link), link._watch
    assert old is not None
    down = EngineState(EngineKind.DOWN, "down: of the engine before", "", True)
    link._said.emit(old, down)  # in this thread it arrives at once
    assert states == [down]
    thread = threading.Thread(target=link._pass_on, args=("_said", old, replace(down, detail="late")))
    thread.start()
    thread.join()
    link.restart()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=20_000)
    assert [state.kind for state in states[1:]] == [EngineKind.STARTING, EngineKind.READY]


@posix_only
def test_restarting_an_engine_that_hangs(link: EngineLink, qtbot: QtBot) -> None:
    link.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=ENGINE_MS)
    assert link.service_pid is not None
    family = family_of(link.service_pid)
    for pid in reversed(family):
        os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    link.restart()
    assert time.monotonic() - begun < 0.2, "the window does not wait"
    wait_until(lambda: all(map(is_gone, family)), 5)
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=ENGINE_MS)
    assert link.service_pid not in (None, family[0])


# --- What goes wrong ---


def test_a_wrong_token_is_tried_once_and_again_when_asked(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    server.token_is_wrong = True
    link.preferences = Preferences(server=server.url)
    link.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.DOWN, timeout=20_000)
    assert "token" in link.state.text and "preferences" in link.state.text
    count = len(server.asked)
    qtbot.wait(3 * 1000)
    assert len(server.asked) == count
    server.token_is_wrong = False
    link.restart()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=20_000)


def test_a_server_that_is_not_there_is_tried_again(
    link: EngineLink, server: ActedServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_watch, "RECONNECT_SECONDS", 0.2)
    server.garbage = b'{"no": "card"}'
    monkeypatch.setattr(engine_watch, "RECONNECT_TO_ANOTHER_VERSION_SECONDS", 0.2)
    link.preferences = Preferences(server=server.url)
    link.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.DOWN, timeout=20_000)
    assert link.state.remote and "does not understand" in link.state.text
    server.garbage = b""
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.READY, timeout=20_000)


def test_whatever_a_start_throws_is_said_and_the_third_time_it_is_left(
    link: EngineLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def throw(*args: object, **options: object) -> None:
        tries.append(1)
        raise KeyError("DOE^JOHN")

    monkeypatch.setattr(engine_watch, "RESTART_SECONDS", 0.05)
    monkeypatch.setattr(LocalService, "start", throw)
    link.start()
    qtbot.waitUntil(lambda: "again and again" in link.state.text, timeout=10_000)
    assert "KeyError in throw" in link.state.text and "DOE" not in link.state.text
    count = len(tries)
    qtbot.wait(500)
    assert len(tries) == count == engine_watch.RESTARTS + 1
    assert link.is_started


def test_a_window_that_was_closed_ends_the_watch(link: EngineLink, server: ActedServer, qtbot: QtBot) -> None:
    connect(link, server, qtbot)
    watch = link._watch
    assert watch is not None

    class Closed:
        def emit(self, *args: object) -> None:
            raise RuntimeError("Internal C++ object already deleted")

    link._said = Closed()  # type: ignore[assignment]
    server.health = replace(server.health, restarts=1)
    wait_until(lambda: not watch.is_alive, 10)


# --- Watching ---


def test_a_server_is_asked_once_in_two_seconds_and_once_more_when_something_changed(
    link: EngineLink, server: ActedServer, qtbot: QtBot
) -> None:
    connect(link, server, qtbot)
    assert link.card is not None and link.model_sha256 == link.card.weights_sha256
    server.asked.clear()
    qtbot.wait(5000)
    assert set(server.asked) == {"GET /v1/health"}
    assert 2 <= len(server.asked) <= 3
    server.health = replace(server.health, worker="busy")
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.BUSY, timeout=5000)
    assert server.asked.count("GET /v1/device") == 1


def test_after_a_task_the_state_is_asked_for_at_once(
    link: EngineLink, server: ActedServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_watch, "REMOTE_POLL_SECONDS", 60.0)
    connect(link, server, qtbot)
    server.health = replace(server.health, worker="busy")
    owner = QObject()
    task = link.diagnose(sample_case(), {}, 20, owner)
    with qtbot.waitSignal(task.failed, timeout=10_000):  # it is only acted
        task.start()
    qtbot.waitUntil(lambda: link.state.kind is EngineKind.BUSY, timeout=5000)
